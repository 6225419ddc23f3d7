"""Who waits is woken by what they mind of a subject, and by nothing else that is said of it."""

import asyncio

from portal.audio.arrivals import Ear

PATIENCE_S = 0.05


def is_woken(*words):
    """Whether somebody who minds all but "5" is woken by these words."""

    async def waited():
        ear = Ear(lambda word: word != "5")
        for word in words:
            ear.hear(word)
        return await ear.wait(PATIENCE_S)

    return asyncio.run(waited())


def test_an_ear_is_woken_by_a_word_that_it_minds_alone():
    assert is_woken("6")
    assert is_woken("section 1", "5")
    assert not is_woken("5", "5")
    assert not is_woken()


def test_a_word_between_two_waits_is_not_lost_and_wakes_once():
    async def waited():
        ear = Ear()
        ear.hear("5")
        return [await ear.wait(PATIENCE_S), await ear.wait(PATIENCE_S)]

    assert asyncio.run(waited()) == [True, False]
