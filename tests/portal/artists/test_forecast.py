"""The grant page says what comparable recordings earned, or that too few were played."""

from datetime import date

from django.urls import reverse

from licensing.catalog.models import Stem
from licensing.royalties.closing import close_period
from tests.licensing.royalties import small_world as world


def page_of(client, recording):
    url = reverse("artists:grant", args=[recording.pk])
    return client.get(url).content.decode()


def test_before_anything_was_played_the_page_says_so(as_ines, recording):
    page = page_of(as_ines, recording)
    assert "Not enough plays yet to say anything: Remix, Mood bed" in page
    assert "Lower quarter" not in page


def test_the_range_stands_beside_the_grant_with_its_basis(as_ines, recording):
    for listener in range(5):
        world.pay(f"l{listener}")
    for n in range(5):
        holder = {f"Holder {n % 3}": 10**6}
        (stem,) = world.recording(f"R{n}", master=holder, publishing=holder)
        Stem.objects.filter(pk=stem.pk).update(role="drums")
        world.heard(f"l{n}", world.record(f"P{n}", [(stem, 10**6)]), 1)
    close_period(month=date(2026, 10, 1), now=world.AFTER_OCTOBER)
    page = page_of(as_ines, recording)
    row = page.split("Lower quarter")[1].split("</tbody>")[0]
    assert row.count("<tr>") == 1
    assert row.count("5.87") == 3
    assert "drums" in row
    assert "Not a promise" in page
    assert "in October 2026, by everybody on its sheets" in page
    assert "Holder 1" not in page
