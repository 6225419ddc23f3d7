"""A new version never takes a share from somebody who has not signed it: rule, rows, raw SQL."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.audit.models import Fact
from licensing.catalog import operations, queries
from licensing.catalog.holding_sql import STEMS_OF_PARTY
from licensing.catalog.models import EndedVersion, Share, Signature, SplitSheet, StandIn
from licensing.catalog.rules import CatalogRefused, ShareAsked
from licensing.catalog.standing_in import decide_stand_in, drop_stand_in, propose_stand_in
from licensing.catalog.succession import Signed, ended_by
from licensing.four_eyes import SecondFactor

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ACTOR = ("user", "7")
WHOLE = 1_000_000
LAST = 9


def day(number):
    return NOON + number * DAY


def in_force(at, own, around):
    """The oracle: the highest version that has begun, a thing's own before its recording's."""
    for versions in (own, around):
        begun = [one for one in versions if one.effective_from <= day(at)]
        if begun:
            return max(begun, key=lambda one: one.version).sheet_id
    return None


days = st.lists(st.integers(0, LAST), max_size=4)


def versions(dates, first=1):
    return [
        Signed(UUID(int=first * 100 + place), place + 1, day(date))
        for place, date in enumerate(dates)
    ]


@settings(max_examples=300, deadline=None)
@given(own=days, around=days, start=st.integers(0, LAST))
def test_what_a_version_ends_is_all_that_would_hold_from_its_date_on(own, around, start):
    own, around = versions(own, 1), versions(around, 2)
    would_hold = {in_force(at, own, around) for at in range(start, LAST + 1)} - {None}
    assert ended_by(day(start), own, around) == would_hold


@pytest.fixture
def band(db):
    parties = [
        operations.create_party(name=name, actor=ACTOR, now=NOON) for name in ("Ana", "Ben", "Cleo")
    ]
    recording = operations.create_recording(
        party_id=parties[0].id, title="Tide", actor=ACTOR, now=NOON
    )
    stem = operations.add_stem(
        recording_id=recording.id, party_id=parties[0].id, label="Drums", actor=ACTOR, now=NOON
    )
    return (*parties, recording, stem)


def propose(shares, at=NOON, *, right="MASTER", starts=None, **on):
    return operations.propose_sheet(
        right=right,
        shares=[ShareAsked(party.id, ppm) for party, ppm in shares.items()],
        actor=ACTOR,
        now=at,
        effective_from=starts,
        **on,
    )


def sign(sheet, *parties, at=NOON):
    for party in parties:
        operations.sign_sheet(
            sheet_id=sheet.id, party_id=party.id, user_ref="7", method="password", locale="en",
            text_sha256=sheet.text_sha256, now=at,
        )  # fmt: skip
    return SplitSheet.objects.get(pk=sheet.pk)


def test_the_database_ends_what_the_rule_ends(band):
    """Forty heaps of versions, signed and called off in any order."""
    *_, recording, stem = band
    chance = random.Random(7)
    for _ in range(40):
        heap, saved = {}, transaction.savepoint()
        for on in ({"stem": stem}, {"recording": recording}):
            dates = [chance.randint(0, LAST) for _ in range(chance.randint(0, 4))]
            heap[next(iter(on))] = [
                Signed(row.pk, row.version, row.effective_from)
                for row in (
                    SplitSheet.objects.create(
                        right="MASTER", version=place + 1, state="SIGNED", text="", proposed_by="-",
                        text_sha256="-", proposed_at=NOON, signed_at=NOON,
                        effective_from=day(date), **on,
                    )
                    for place, date in enumerate(dates)
                )
            ]  # fmt: skip
        start = day(chance.randint(0, LAST))
        made = SplitSheet.objects.create(
            right="MASTER", stem=stem, version=9, text="", text_sha256="-", proposed_by="-",
            proposed_at=NOON, effective_from=start,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sheets_ended_by(s) FROM catalog_splitsheet s WHERE id = %s", [made.pk]
            )
            found = {row[0] for row in cursor.fetchall()}
        assert found == ended_by(start, heap["stem"], heap["recording"])
        transaction.savepoint_rollback(saved)


@pytest.mark.parametrize("right", ["MASTER", "PUBLISHING"])
def test_nobody_is_thrown_off_by_one_who_enters_and_signs_alone(band, right):
    ana, ben, _, recording, stem = band
    on = {"recording_id": recording.id} if right == "MASTER" else {"work_id": recording.work_id}
    sign(propose({ana: 600_000, ben: 400_000}, right=right, **on), ana, ben)
    alone = propose({ana: WHOLE}, right=right, **on)
    assert "40.0000 %  Ben, then nothing" in alone.text
    assert "60.0000 %  Ana, then 100.0000 %" in alone.text
    assert sign(alone, ana).state == "PROPOSED"
    assert [name for _, name in queries.get_sheet_state(alone.id).waiting_for] == ["Ben"]
    assert [one.sheet_id for one in queries.list_sheets_to_sign(ben.id)] == [alone.id]
    held = queries.effective_sheet(right, stem, NOON + DAY)
    assert {share.party_id for share in held.shares} == {ana.id, ben.id}
    assert sign(alone, ben, at=NOON + DAY).state == "SIGNED"
    held = queries.effective_sheet(right, stem, NOON + DAY)
    assert held.shares == ((ana.id, WHOLE, "SELF"),)


def test_a_stems_first_sheet_asks_everybody_on_its_recordings(band):
    ana, ben, cleo, recording, stem = band
    sign(propose({ana: 600_000, ben: 400_000}, recording_id=recording.id), ana, ben)
    own = propose({cleo: WHOLE}, stem_id=stem.id)
    assert sign(own, cleo, ana).state == "PROPOSED"
    assert sign(own, ben).state == "SIGNED"
    further = propose({ana: WHOLE}, at=NOON + DAY, stem_id=stem.id)
    assert sign(further, ana, at=NOON + DAY).state == "PROPOSED"
    assert sign(further, cleo, at=NOON + DAY).state == "SIGNED", "Ben holds nothing of it now"


def test_a_version_signed_meanwhile_makes_a_proposal_out_of_date(band):
    ana, ben, cleo, recording, stem = band
    own = propose({cleo: WHOLE}, stem_id=stem.id)
    sign(propose({ana: 500_000, ben: 500_000}, recording_id=recording.id), ana, ben)
    with pytest.raises(CatalogRefused) as refused:
        sign(own, cleo)
    assert refused.value.code == "ends_another"
    again = propose({cleo: WHOLE}, stem_id=stem.id)
    assert sign(again, cleo, ana, ben).state == "SIGNED"


def test_a_version_to_come_is_called_off_only_with_its_parties(band):
    ana, ben, cleo, recording, stem = band
    sign(propose({ana: WHOLE}, recording_id=recording.id), ana)
    to_come = propose({ben: WHOLE}, starts=NOON + 9 * DAY, recording_id=recording.id)
    sign(to_come, ana, ben)
    other = propose({cleo: WHOLE}, recording_id=recording.id)
    assert sign(other, ana, cleo).state == "PROPOSED"
    assert sign(other, ben).state == "SIGNED"
    for at in (NOON, NOON + 20 * DAY):
        assert queries.effective_sheet("MASTER", stem, at).shares[0].party_id == cleo.id
    assert _eras_of(ben) == [], "what was called off holds nothing"
    assert _eras_of(cleo) == [NOON]


def _eras_of(party):
    """Since when a party holds something, by the SQL that rooms of money count plays with."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {STEMS_OF_PARTY} SELECT since FROM mine WHERE since < until", [party.id]
        )
        return [since for (since,) in cursor.fetchall()]


def test_after_its_date_a_version_asks_nobody_who_left_before(band):
    ana, ben, cleo, recording, _ = band
    sign(propose({ana: WHOLE}, recording_id=recording.id), ana)
    sign(propose({ben: WHOLE}, starts=NOON + DAY, recording_id=recording.id), ana, ben)
    later = propose({cleo: WHOLE}, starts=NOON + 2 * DAY, recording_id=recording.id)
    assert sign(later, ben, cleo).state == "SIGNED"


def test_a_first_version_asks_those_it_names_and_a_replaced_proposal_asks_nobody(band):
    ana, ben, _, recording, _ = band
    never = propose({ana: 500_000, ben: 500_000}, recording_id=recording.id)
    sign(never, ben)
    first = propose({ana: WHOLE}, recording_id=recording.id)
    assert not EndedVersion.objects.exists()
    assert sign(first, ana).state == "SIGNED"
    assert queries.list_sheets_to_sign(ben.id) == ()


def test_a_stranger_to_both_versions_neither_signs_nor_declines(band):
    ana, ben, cleo, recording, _ = band
    sign(propose({ana: WHOLE}, recording_id=recording.id), ana)
    second = propose({ben: WHOLE}, recording_id=recording.id)
    for deed in (
        lambda: sign(second, cleo),
        lambda: operations.decline_sheet(
            sheet_id=second.id, party_id=cleo.id, user_ref="9", because="no", now=NOON
        ),
    ):
        with pytest.raises(CatalogRefused) as refused:
            deed()
        assert refused.value.code == "not_on_sheet"
    assert queries.list_sheets_to_sign(cleo.id) == ()


def test_one_no_ends_a_proposal_and_what_counted_goes_on(band):
    ana, ben, cleo, recording, stem = band
    sign(propose({ana: 500_000, ben: 500_000}, recording_id=recording.id), ana, ben)
    second = propose({ana: 500_000, cleo: 500_000}, recording_id=recording.id)
    sign(second, ana, cleo)
    operations.decline_sheet(
        sheet_id=second.id, party_id=ben.id, user_ref="8", because="I played on it.", now=NOON
    )
    state = queries.get_sheet_state(second.id)
    assert (state.state, state.declined.name, state.waiting_for) == ("DECLINED", "Ben", ())
    assert queries.effective_sheet("MASTER", stem, NOON).version == 1
    with pytest.raises(CatalogRefused, match="no longer waits"):
        sign(second, ben)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        SplitSheet.objects.filter(pk=second.pk).update(state="PROPOSED")
    assert propose({ana: WHOLE}, recording_id=recording.id).version == 3
    assert Fact.objects.filter(verb="decline_sheet", object_ref=str(second.pk)).exists()


@pytest.fixture
def unreached(band):
    """Ben has gone: a version without him waits for him alone."""
    ana, ben, cleo, recording, stem = band
    sign(propose({ana: 500_000, ben: 500_000}, recording_id=recording.id), ana, ben)
    second = propose({ana: 500_000, cleo: 500_000}, recording_id=recording.id)
    return sign(second, ana, cleo), ben, cleo, stem


def stand_in(sheet, party, at=NOON + 30 * DAY):
    return propose_stand_in(
        sheet_id=sheet.id, party_id=party.id, document="Court order 7 O 12/26 of 3 December",
        proposed_by="1", now=at,
    )  # fmt: skip


def decide(row, who="2", at=NOON + 31 * DAY, proof=True):
    return decide_stand_in(
        stand_in_id=row.pk, decided_by=who, now=at,
        proof=SecondFactor("totp", at) if proof else None,
    )  # fmt: skip


def test_two_people_decide_on_a_document_in_place_of_a_party_not_reached(unreached):
    sheet, ben, cleo, stem = unreached
    row = decide(stand_in(sheet, ben))
    state = queries.get_sheet_state(sheet.id)
    assert (state.state, state.stood_in) == ("SIGNED", ((ben.id, NOON + 31 * DAY),))
    held = queries.effective_sheet("MASTER", stem, NOON + 31 * DAY)
    assert cleo.id in {share.party_id for share in held.shares}
    verbs = Fact.objects.filter(object_ref=str(sheet.id)).values_list("verb", flat=True)
    assert {"propose_stand_in", "decide_stand_in", "agree_split_sheet"} <= set(verbs)
    with pytest.raises(DatabaseError, match="stands"), transaction.atomic():
        StandIn.objects.filter(pk=row.pk).update(document="another")


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (lambda sheet, ben, cleo: stand_in(sheet, ben, NOON + 29 * DAY), "too_early"),
        (lambda sheet, ben, cleo: stand_in(sheet, cleo), "not_on_ended_version"),
        (lambda sheet, ben, cleo: decide(stand_in(sheet, ben), "1"), "same_person"),
        (lambda sheet, ben, cleo: decide(stand_in(sheet, ben), proof=False), "no_second_factor"),
        (lambda sheet, ben, cleo: [stand_in(sheet, ben) for _ in range(2)], "proposed"),
        (lambda sheet, ben, cleo: [sign(sheet, ben), stand_in(sheet, ben)], "not_open"),
    ],
)
def test_in_nobodys_place_is_decided_early_alone_or_for_newcomers(unreached, deed, code):
    sheet, ben, cleo, _ = unreached
    with pytest.raises(CatalogRefused) as refused:
        deed(sheet, ben, cleo)
    assert refused.value.code == code
    assert not StandIn.objects.filter(state="DECIDED").exists()


def test_a_decision_that_was_dropped_counts_for_nothing(unreached):
    sheet, ben, _, _ = unreached
    row = stand_in(sheet, ben)
    drop_stand_in(stand_in_id=row.pk, because="Ben wrote.", dropped_by="1", now=NOON + 31 * DAY)
    with pytest.raises(CatalogRefused, match="decided already"):
        decide(row)
    assert queries.get_sheet_state(sheet.id).waiting_for == ((ben.id, "Ben"),)


def in_database(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


SIGN_IT = (
    "UPDATE catalog_splitsheet SET state = 'SIGNED', signed_at = proposed_at,"
    " effective_from = proposed_at WHERE id = %s"
)


def test_raw_sql_cannot_make_a_version_count_without_those_it_ends(unreached):
    sheet, *_ = unreached
    with pytest.raises(IntegrityError, match="lacks 1 signatures of parties of versions"):
        in_database(SIGN_IT, sheet.id)


@pytest.mark.parametrize(("at", "who"), [(NOON + DAY, "2"), (NOON + 31 * DAY, "1")])
def test_raw_sql_cannot_decide_alone_or_before_the_thirty_days(unreached, at, who):
    sheet, ben, _, _ = unreached

    def decide_past_the_operation():
        StandIn.objects.create(
            sheet=sheet, party=ben, document="-", state="DECIDED", proposed_by="1",
            proposed_at=NOON, decided_by=who, decided_at=at, proof_method="totp", proved_at=at,
        )  # fmt: skip
        in_database(SIGN_IT, sheet.id)

    with pytest.raises(IntegrityError), transaction.atomic():
        decide_past_the_operation()


@pytest.mark.parametrize("on", ["recording", "stem"])
def test_raw_sql_that_says_nothing_of_what_a_version_ends_is_found_out(band, on):
    """A sheet written past the operation: it names no ended version, and its party has signed."""
    ana, ben, _, recording, stem = band
    sign(propose({ana: 500_000, ben: 500_000}, recording_id=recording.id), ana, ben)
    made = SplitSheet.objects.create(
        right="MASTER", version=7, text="", text_sha256="0" * 64, proposed_by="-",
        proposed_at=NOON, **{on: {"recording": recording, "stem": stem}[on]},
    )  # fmt: skip
    Share.objects.create(sheet=made, party=ana, share_ppm=WHOLE)
    Signature.objects.create(
        sheet=made, party=ana, user_ref="-", method="-", locale="-", signed_at=NOON,
        text_sha256="0" * 64,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="parties of versions"):
        in_database(SIGN_IT, made.id)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM catalog_endedversion WHERE sheet_id = %s",
        "UPDATE catalog_endedversion SET ended_id = sheet_id WHERE sheet_id = %s",
        "INSERT INTO catalog_endedversion (sheet_id, ended_id) SELECT id, id"
        " FROM catalog_splitsheet WHERE id = %s",
        "UPDATE catalog_splitsheet SET proposed_at = now() - interval '1 year' WHERE id = %s",
    ],
)
def test_what_a_proposal_ends_and_its_day_stand_once_it_is_proposed(unreached, statement):
    sheet, *_ = unreached
    with pytest.raises(DatabaseError):
        in_database(statement, sheet.id)
