"""Two people in the place of a party not to be reached; and the database against raw SQL."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from licensing.audit.models import Fact
from licensing.catalog import queries
from licensing.catalog.models import Share, Signature, SplitSheet, StandIn
from licensing.catalog.rules import CatalogRefused
from licensing.catalog.standing_in import decide_stand_in, drop_stand_in, propose_stand_in
from licensing.four_eyes import SecondFactor
from tests.licensing.catalog.band import DAY, NOON, WHOLE, gather, propose, sign


@pytest.fixture
def band(db):
    return gather()


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
