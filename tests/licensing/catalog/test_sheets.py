"""Split sheets: proposed, signed by everyone, effective from then on, kept so by the database."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.audit.models import Fact
from licensing.catalog import operations, queries
from licensing.catalog.models import Share, Signature, SplitSheet
from licensing.catalog.rules import CatalogRefused, ShareAsked
from licensing.given import Given

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=3)
ACTOR = ("user", "7")


@pytest.fixture
def band(db):
    ana = operations.create_party(name="Ana Example", actor=ACTOR, now=NOON)
    cleo = operations.create_party(name="Cleo Example", ipi="00014107338", actor=ACTOR, now=NOON)
    recording = operations.create_recording(
        party_id=ana.id, title="Tide", actor=ACTOR, now=NOON, isrc="US-S1Z-99-00001"
    )
    stem = operations.add_stem(
        recording_id=recording.id, party_id=ana.id, label="Drums", actor=ACTOR, now=NOON
    )
    return ana, cleo, recording, stem


def propose(recording, *parts, **more):
    shares = [ShareAsked(party.id, ppm) for party, ppm in parts]
    return operations.propose_sheet(
        right="MASTER",
        shares=shares,
        actor=ACTOR,
        now=more.pop("now", NOON),
        recording_id=recording.id,
        **more,
    )


def sign(sheet, party, now=NOON, **more):
    return operations.sign_sheet(
        sheet_id=sheet.id,
        party_id=party.id,
        user_ref="7",
        given=Given("password", locale="en"),
        text_sha256=more.get("text_sha256", sheet.text_sha256),
        now=now,
    )


def test_sheet_is_effective_from_its_last_signature(band):
    ana, cleo, recording, stem = band
    sheet = propose(recording, (ana, 800_000), (cleo, 200_000))
    sign(sheet, ana)
    assert queries.effective_sheet("MASTER", stem, LATER) is None
    assert sign(sheet, cleo, now=LATER).state == "SIGNED"
    assert queries.effective_sheet("MASTER", stem, LATER - timedelta(seconds=1)) is None
    view = queries.effective_sheet("MASTER", stem, LATER)
    assert view.shares == ((ana.id, 800_000, "SELF"), (cleo.id, 200_000, "SELF"))
    assert view.effective_from == LATER


def test_new_version_holds_from_its_date_and_never_before(band):
    ana, cleo, recording, stem = band
    sign(propose(recording, (ana, 1_000_000)), ana)
    second = propose(
        recording, (cleo, 1_000_000), now=LATER, effective_from=NOON - timedelta(days=30)
    )
    assert second.version == 2
    sign(second, cleo, now=LATER)
    assert queries.effective_sheet("MASTER", stem, LATER).version == 1, "Ana has not signed"
    sign(second, ana, now=LATER)
    assert queries.effective_sheet("MASTER", stem, NOON).shares[0].party_id == ana.id
    assert queries.effective_sheet("MASTER", stem, LATER).shares[0].party_id == cleo.id


def test_sheet_asked_for_a_later_day_waits_for_it(band):
    ana, _, recording, stem = band
    sign(propose(recording, (ana, 1_000_000), effective_from=LATER), ana)
    assert queries.effective_sheet("MASTER", stem, NOON) is None
    assert queries.sheets_of([stem.id], NOON)[stem.id].master_waits
    assert queries.effective_sheet("MASTER", stem, LATER).version == 1


def test_stem_with_its_own_sheet_does_not_follow_its_recording(band):
    ana, cleo, recording, stem = band
    sign(propose(recording, (ana, 1_000_000)), ana)
    own = operations.propose_sheet(
        right="MASTER",
        shares=[ShareAsked(cleo.id, 1_000_000)],
        actor=ACTOR,
        now=NOON,
        stem_id=stem.id,
    )
    assert queries.effective_sheet("MASTER", stem, LATER).shares[0].party_id == ana.id
    sign(own, cleo)
    assert queries.effective_sheet("MASTER", stem, LATER).shares[0].party_id == ana.id
    sign(own, ana)
    assert queries.effective_sheet("MASTER", stem, LATER).shares[0].party_id == cleo.id


def test_publishing_stands_on_the_work_and_names_its_society(band):
    ana, _, recording, stem = band
    sheet = operations.propose_sheet(
        right="PUBLISHING",
        shares=[ShareAsked(ana.id, 1_000_000, "SOCIETY", "GEMA", ("de", "AT"))],
        actor=ACTOR,
        now=NOON,
        work_id=recording.work_id,
    )
    assert "collected by the society GEMA in AT DE" in sheet.text
    sign(sheet, ana)
    view = queries.effective_sheet("PUBLISHING", stem, NOON)
    assert view.societies == ((ana.id, "GEMA", ("AT", "DE")),)


def test_equal_sheets_have_equal_text_and_every_name_in_it(band):
    ana, cleo, recording, _ = band
    first = propose(recording, (ana, 800_000), (cleo, 200_000))
    assert "80.0000 %" in first.text
    assert "IPI 00014107338" in first.text
    assert "ISRC US-S1Z-99-00001" in first.text
    second = propose(recording, (cleo, 200_000), (ana, 800_000))
    assert second.text == first.text.replace("version 1", "version 2")


def test_proposing_again_replaces_what_was_not_signed(band):
    ana, cleo, recording, _ = band
    first = propose(recording, (ana, 500_000), (cleo, 500_000))
    sign(first, ana)
    propose(recording, (ana, 400_000), (cleo, 600_000))
    with pytest.raises(CatalogRefused) as refused:
        sign(first, cleo)
    assert refused.value.code == "not_open"
    assert [state.state for state in queries.list_unsigned_sheets()] == ["PROPOSED"]


def test_signing_twice_is_one_signature(band):
    ana, _cleo, recording, _ = band
    sheet = propose(recording, (ana, 1_000_000))
    assert sign(sheet, ana).signed_at == sign(sheet, ana, now=LATER).signed_at
    assert Signature.objects.count() == 1


def test_stranger_cannot_sign(band):
    ana, cleo, recording, _ = band
    with pytest.raises(CatalogRefused) as refused:
        sign(propose(recording, (ana, 1_000_000)), cleo)
    assert refused.value.code == "not_on_sheet"


def test_text_other_than_the_one_shown_cannot_be_signed(band):
    ana, _, recording, _ = band
    with pytest.raises(CatalogRefused) as refused:
        sign(propose(recording, (ana, 1_000_000)), ana, text_sha256="0" * 64)
    assert refused.value.code == "other_text"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "no_shares"),
        ([("ana", 999_999)], "not_whole"),
        ([("ana", 1_000_001)], "share_out_of_range"),
        ([("ana", 500_000), ("ana", 500_000)], "party_twice"),
        ([("ana", 1_000_000), ("cleo", 0)], "share_out_of_range"),
        ([("ana", 0.5), ("cleo", 999_999.5)], "share_not_whole_ppm"),
    ],
)
def test_shares_that_do_not_add_up_are_not_proposed(band, parts, code):
    ana, cleo, recording, _ = band
    people = {"ana": ana, "cleo": cleo}
    with pytest.raises(CatalogRefused) as refused:
        propose(recording, *[(people[name], ppm) for name, ppm in parts])
    assert refused.value.code == code


def test_master_on_a_work_is_refused(band):
    ana, _, recording, _ = band
    for target in (
        {"work_id": recording.work_id},
        {},
        {"recording_id": recording.id, "stem_id": 1},
    ):
        with pytest.raises(CatalogRefused) as refused:
            operations.propose_sheet(
                right="MASTER",
                shares=[ShareAsked(ana.id, 1_000_000)],
                actor=ACTOR,
                now=NOON,
                **target,
            )
        assert refused.value.code == "sheet_on_nothing"


def in_database(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_database_refuses_to_change_a_signed_sheet_and_its_shares(band):
    ana, _, recording, _ = band
    sheet = sign(propose(recording, (ana, 1_000_000)), ana)
    for statement in (
        "UPDATE catalog_splitsheet SET text = 'other' WHERE id = %s",
        "UPDATE catalog_splitsheet SET effective_from = now() WHERE id = %s",
        "DELETE FROM catalog_splitsheet WHERE id = %s",
        "UPDATE catalog_share SET share_ppm = 1 WHERE sheet_id = %s",
        "DELETE FROM catalog_share WHERE sheet_id = %s",
        "UPDATE catalog_signature SET user_ref = '8' WHERE sheet_id = %s",
        "DELETE FROM catalog_signature WHERE sheet_id = %s",
    ):
        with pytest.raises(DatabaseError):
            in_database(statement, sheet.id)


def test_database_refuses_a_sheet_that_does_not_add_up(band):
    ana, _, recording, _ = band
    sheet = SplitSheet.objects.create(
        right="MASTER",
        recording=recording,
        version=1,
        text="-",
        text_sha256="0" * 64,
        proposed_by="-",
        proposed_at=NOON,
    )
    Share.objects.create(sheet=sheet, party=ana, share_ppm=999_999)
    with pytest.raises(IntegrityError, match="999999 ppm"):
        in_database("UPDATE catalog_splitsheet SET state = 'PROPOSED' WHERE id = %s", sheet.id)


def test_database_refuses_a_signed_sheet_without_signatures(band):
    ana, cleo, recording, _ = band
    sheet = propose(recording, (ana, 500_000), (cleo, 500_000))
    sign(sheet, ana)
    with pytest.raises(IntegrityError, match="lacks 1 signatures"):
        in_database(
            "UPDATE catalog_splitsheet SET state = 'SIGNED', signed_at = now(),"
            " effective_from = now() WHERE id = %s",
            sheet.id,
        )


def test_every_step_of_an_agreement_is_a_fact(band):
    ana, _, recording, _ = band
    sheet = sign(propose(recording, (ana, 1_000_000)), ana)
    verbs = Fact.objects.filter(object_ref=str(sheet.id)).order_by("sequence")
    assert [fact.verb for fact in verbs] == ["propose_sheet", "sign_sheet", "agree_split_sheet"]


def test_page_says_who_still_must_sign_and_asks_only_them(band):
    ana, cleo, recording, _ = band
    sheet = propose(recording, (ana, 600_000), (cleo, 400_000))
    sign(sheet, ana)
    (state,) = queries.list_sheets_of_recording(recording.id)
    assert state.waiting_for == ((cleo.id, "Cleo Example"),)
    assert queries.list_sheets_to_sign(ana.id) == ()
    assert [s.sheet_id for s in queries.list_sheets_to_sign(cleo.id)] == [sheet.id]
    stranger = operations.create_party(name="Stranger", actor=ACTOR, now=NOON)
    assert queries.list_sheets_to_sign(stranger.id) == ()
    assert queries.list_parties_of_recording(recording.id) == {ana.id, cleo.id}
