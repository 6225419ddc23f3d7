"""A new version never takes a share from somebody who has not signed it: the rule, and the rows."""

import random
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.audit.models import Fact
from licensing.catalog import operations, queries
from licensing.catalog.holding_sql import STEMS_OF_PARTY
from licensing.catalog.models import EndedVersion, SplitSheet
from licensing.catalog.rules import CatalogRefused
from licensing.catalog.succession import Signed, ended_by
from tests.licensing.catalog.band import DAY, NOON, WHOLE, gather, propose, sign
from tests.waiting import wait_until_somebody_waits

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
    return gather()


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


def test_a_version_being_signed_at_the_same_time_is_waited_for(committed_db):
    """The recording's new version is signed and not committed; a stem's sheet would end it."""
    ana, ben, _, recording, stem = gather()
    sign(propose({ana: WHOLE}, recording_id=recording.id), ana)
    second = sign(propose({ben: WHOLE}, recording_id=recording.id), ana)
    own = propose({ana: WHOLE}, stem_id=stem.id)

    def sign_own():
        try:
            return sign(own, ana).state
        except CatalogRefused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            sign(second, ben)
            other = pool.submit(sign_own)
            wait_until_somebody_waits()
        assert other.result() == "ends_another"


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
