"""The consent matrix: each right by each use, in every circumstance, has one exact outcome.

Mia holds the master, Paul the composition; a voice is the use VOICE of the same stem. Each refusal
is for the one reason and the one party that it is about, so that no other rule stands in for it.
"""

from datetime import timedelta

import pytest

from licensing.attribution import operations as attribution
from licensing.attribution import queries
from licensing.attribution.rules import OpenRefused
from licensing.audit.models import Fact
from licensing.catalog import operations as catalog
from licensing.catalog.models import Recording, Share, SplitSheet
from licensing.catalog.rules import ShareAsked
from licensing.clearance import operations
from licensing.clearance.models import Clearance, Use
from licensing.given import Given
from tests.kept_rows import made_once
from tests.licensing import stage as on

NOON, LATER, EVENING = (on.NOON + timedelta(hours=hours) for hours in (0, 1, 8))
ENDS = NOON + timedelta(days=5)
USES = [use.value for use in Use if use is not Use.PREVIEW]
RIGHTS = ["MASTER", "PUBLISHING"]
LIMITS = {"with_explicit": False, "by_taste": False}


@made_once
def a_band():
    """A voice with two holders, and another's explicit recording that everybody may use."""
    mia, paul, other = on.party("Mia"), on.party("Paul"), on.party("Other")
    song, rude = on.recording(mia, "Song"), on.recording(other, "Rude")
    voice, beat = on.stem(song, "Voice", "vocals"), on.stem(rude, "Beat", "drums")
    Recording.objects.filter(pk=rude.pk).update(explicit=True)
    on.agree([(mia, 1_000_000)], recording_id=song.id)
    on.agree([(paul, 1_000_000)], work_id=song.work_id)
    on.agree([(other, 1_000_000)], recording_id=rude.id)
    on.agree([(other, 1_000_000)], work_id=rude.work_id)
    for one in (song, rude):
        catalog.mark_stems_complete(recording_id=one.id, actor=on.ACTOR, now=NOON)
    on.grant(beat, other, *USES, valid_until=ENDS)
    return {"MASTER": mia, "PUBLISHING": paul, "voice": voice, "beat": beat, "song": song}


@pytest.fixture(params=RIGHTS)
def cells(request, db):
    """The right in question by each use; the other right's holder has said yes to all of them."""
    band, right = a_band(), request.param
    (other,) = set(RIGHTS) - {right}
    on.grant(band["voice"], band[other], *USES, valid_until=ENDS)
    return [(band, band[right], use) for use in USES]


def give(cell, now=NOON, **scope):
    band, holder, use = cell
    return on.grant(
        band["voice"], holder, use, now=now, valid_until=scope.pop("valid_until", ENDS), **scope
    )


def ask(cell, *beside, now=LATER, **more):
    band, _, use = cell
    return operations.clear_use(
        use=use,
        stems=[one.id for one in (band["voice"], *beside)],
        requester=("user", "1"),
        territory=more.pop("territory", "DE"),
        channel=more.pop("channel", "SITE"),
        now=now,
        **more,
    )


def why(cell, *beside, **more):
    """Every (code, party) that speaks against it; none, and it is allowed."""
    said = ask(cell, *beside, **more)
    found = [(one["code"], one["party"]) for one in said.reasons]
    assert said.allowed == (found == [])
    return found


def opened(cell, cleared=None, ref="one"):
    voice = cell[0]["voice"]
    return attribution.open_record(
        subject=("variation", f"{ref} {cell[2]}"),
        clearance_id=(cleared or ask(cell)).id,
        recipe_sha256="a" * 64,
        sources=[(voice.id, voice.audio_id)],
        policy="windows/1",
        now=LATER,
    )


def sealed(cell, record):
    return attribution.seal_record(
        record_id=record.id,
        lines=[(cell[0]["voice"].id, 1_000_000)],
        windows_sha256="b" * 64,
        measured={"target_lufs": -14.0, "reached_lufs": -14.0, "integrated_lufs": -14.0,
                  "true_peak_dbtp": -1.0, "trim_db": 0.0},
        files=[],
        now=LATER,
    )  # fmt: skip


def take_back(cell, effect="TAKE_DOWN", until=None, now=EVENING):
    band, holder, use = cell
    operations.withdraw_uses(
        party_id=holder.id, stem_ids=[band["voice"].id], uses=[use], effect=effect,
        served_until=until, actor=on.ACTOR, now=now,
    )  # fmt: skip


def test_a_yes_for_the_cell_permits_it_and_its_lack_refuses(cells):
    for cell in cells:
        party = str(cell[1].id)
        assert why(cell) == [("no_grant", party)]
        give(cell)
        assert why(cell) == []


def test_a_yes_for_some_uses_permits_none_of_the_others(cells):
    for given, cell in enumerate(cells):
        refused = [("no_grant", str(cell[1].id))]
        assert [why(one) for one in cells] == [[]] * given + [refused] * (len(cells) - given)
        give(cell)


def test_it_counts_from_its_first_to_before_its_last_moment(cells):
    for cell in cells:
        party = str(cell[1].id)
        give(cell, valid_from=LATER, valid_until=EVENING)
        assert why(cell, now=LATER - timedelta(microseconds=1)) == [("no_grant", party)]
        assert why(cell, now=LATER) == []
        assert why(cell, now=EVENING) == [("expired", party)]


def test_it_counts_where_it_says_and_nowhere_else(cells):
    for cell in cells:
        party = str(cell[1].id)
        give(cell, territories=["FR"], channels=["GAME"])
        assert why(cell, territory="FR", channel="GAME") == []
        assert why(cell, territory="DE", channel="GAME") == [("territory", party)]
        assert why(cell, territory="FR", channel="SITE") == [("channel", party)]


def test_explicit_words_of_others_and_taste_are_limits_of_their_own(cells):
    for cell in cells:
        band, _, _ = cell
        party = str(cell[1].id)
        give(cell, limits=LIMITS)
        assert why(cell) == []
        assert why(cell, band["beat"]) == [("with_explicit_not_allowed", party)]
        assert why(cell, by_taste=True) == [("by_taste_not_allowed", party)]
        Recording.objects.filter(pk=band["song"].pk).update(explicit=True)
        assert why(cell) == []  # one's own words are one's own
        give(cell, now=LATER)
        assert why(cell, band["beat"], by_taste=True) == []


def test_taken_back_before_the_start_nothing_starts(cells):
    for cell in cells:
        give(cell)
        cleared = ask(cell)
        take_back(cell, now=LATER)
        assert why(cell) == [("withdrawn", str(cell[1].id))]
        with pytest.raises(OpenRefused) as refused:
            opened(cell, cleared)
        assert [one.code for one in refused.value.reasons] == ["withdrawn"]
    assert not Fact.objects.filter(verb="open_record").exists()


@pytest.mark.parametrize("effect", ["KEEP", "TAKE_DOWN"])
def test_taken_back_while_it_is_made_it_is_never_served(cells, effect):
    for cell in cells:
        give(cell)
        record = opened(cell)
        take_back(cell, effect, now=LATER)
        assert sealed(cell, record) == "WITHDRAWN"
        assert not queries.may_serve(record.id, LATER)


def test_taken_back_after_it_was_finished_it_follows_the_choice_and_nothing_new_is_made(cells):
    for cell in cells:
        give(cell)
        record = opened(cell)
        assert sealed(cell, record) == "SEALED"
        moments = (EVENING, EVENING + timedelta(days=2))
        for effect, until, plays in (
            ("KEEP", None, [True, True]),
            ("SUNSET", EVENING + timedelta(days=1), [True, False]),
            ("TAKE_DOWN", None, [False, False]),
        ):
            take_back(cell, effect, until)
            assert [queries.may_serve(record.id, at) for at in moments] == plays
            assert why(cell, now=EVENING) == [("withdrawn", str(cell[1].id))]


def test_what_was_finished_is_served_until_the_yes_has_ended(cells):
    for cell in cells:
        give(cell, valid_until=EVENING)
        record = opened(cell)
        assert sealed(cell, record) == "SEALED"
        assert queries.may_serve(record.id, EVENING - timedelta(microseconds=1))
        assert not queries.may_serve(record.id, EVENING)


def test_what_taste_asked_for_is_decided_the_same_when_its_record_opens(cells):
    for cell in cells:
        give(cell)
        cleared = ask(cell, by_taste=True)
        give(cell, now=LATER, limits=LIMITS)
        with pytest.raises(OpenRefused) as refused:
            opened(cell, cleared)
        assert [one.code for one in refused.value.reasons] == ["by_taste_not_allowed"]
        assert Clearance.objects.get(pk=cleared.pk).by_taste
        assert opened(cell, ask(cell), ref="by hand").state == "OPEN"


@pytest.mark.parametrize("use", USES)
def test_performance_that_a_society_collects_asks_for_the_operators_licence(db, use):
    band = a_band()
    mia, paul, voice = band["MASTER"], band["PUBLISHING"], band["voice"]
    sheet = catalog.propose_sheet(
        right="PUBLISHING", work_id=band["song"].work_id, actor=on.ACTOR, now=NOON,
        shares=[ShareAsked(paul.id, 1_000_000, Share.AdministeredBy.SOCIETY, "GEMA", ("DE",))],
    )  # fmt: skip
    signed = catalog.sign_sheet(
        sheet_id=sheet.id, party_id=paul.id, user_ref="7", given=Given("password"), now=NOON,
        text_sha256=sheet.text_sha256,
    )  # fmt: skip
    assert signed.state == SplitSheet.State.SIGNED
    for holder in (mia, paul):
        on.grant(voice, holder, *USES, valid_until=ENDS)
    cell, refused = (band, paul, use), [("society_licence_required", str(paul.id))]
    assert why(cell) == refused  # missing
    licence = {"society": "GEMA", "uses": [use], "actor": on.ACTOR, "now": NOON}
    operations.record_society_agreement(**licence, reference="ended", valid_until=LATER)
    assert why(cell) == refused  # expired
    operations.record_society_agreement(**licence, reference="France", territories=["FR"])
    assert why(cell) == refused  # wrong territory
    assert why(cell, territory="AT") == []  # where the society collects nothing
    operations.record_society_agreement(**licence, reference="Germany", territories=["DE"])
    assert why(cell) == []
    take_back(cell, now=LATER)
    assert why(cell) == [("withdrawn", str(paul.id))]
