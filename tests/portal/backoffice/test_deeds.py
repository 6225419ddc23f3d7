"""What a rights administrator may do goes through operations and into the log of facts."""

from datetime import UTC, datetime

import pytest
from django.test import Client as Browser

from licensing.audit.models import Fact
from licensing.catalog.models import Recording
from licensing.catalog.operations import add_stem, create_party, create_recording
from licensing.clearance.models import Hold
from licensing.clearance.operations import place_hold
from licensing.receipts.models import Receipt
from licensing.royalties.models import Period
from portal.accounts.models import User
from tests.licensing import stage as on
from tests.portal.backoffice.deciding import decider, done_by_two, may_decide

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def recording(db: None) -> Recording:
    party = create_party(name="Ines", actor=("system", "test"), now=NOW)
    return create_recording(party_id=party.id, title="Lanterns", actor=("system", "test"), now=NOW)


@pytest.fixture
def staff(client: Browser, db: None) -> Browser:
    return decider(client)


def _place(staff: Browser, recording: Recording, **changes: str) -> object:
    form = {
        "target_kind": "RECORDING",
        "target_ref": str(recording.id),
        "reason": "A claim came in.",
    }
    return staff.post("/admin/clearance/hold/place/", form | changes)


def test_a_hold_is_placed_with_its_reason_and_released(
    staff: Browser, recording: Recording
) -> None:
    assert _place(staff, recording).status_code == 302
    hold = Hold.objects.get()
    assert (hold.target_ref, hold.reason) == (str(recording.id), "A claim came in.")
    page = staff.get(f"/admin/clearance/hold/{hold.id}/release/")
    assert "A claim came in." in page.content.decode()
    assert staff.post(f"/admin/clearance/hold/{hold.id}/release/").status_code == 302
    hold.refresh_from_db()
    assert hold.released_at is not None
    assert set(Fact.objects.values_list("verb", flat=True)) >= {"place_hold", "release_hold"}


def test_a_hold_without_a_reason_is_refused_in_words(staff: Browser, recording: Recording) -> None:
    answer = _place(staff, recording, reason="")
    assert "Write the reason: it goes into the record." in answer.content.decode()
    assert not Hold.objects.exists()


def test_a_hold_on_nothing_is_refused_in_words(staff: Browser, recording: Recording) -> None:
    answer = _place(staff, recording, target_kind="STEM")
    assert "Nothing of this kind has this id." in answer.content.decode()


def test_a_listener_cannot_place_one(client: Browser, recording: Recording) -> None:
    client.force_login(User.objects.create_user("l@example.org", "a-long-word"))
    assert _place(client, recording).status_code == 404
    assert not Hold.objects.exists()


RECEIPT = {
    "country": "DE",
    "currency": "EUR",
    "payer": "l@example.org",
    "kind": "SUBSCRIPTION",
    "amount": "9.99",
    "tax": "1.595042",
    "month": "2026-11-01",
    "key": "payment-1",
}


def test_a_receipt_is_recorded_and_divided(staff: Browser) -> None:
    User.objects.create_user("l@example.org", "a-long-word")
    shown, answer = done_by_two(staff, "/admin/receipts/receipt/record/", RECEIPT)
    assert "5.876471 EUR" in shown
    assert answer.status_code == 302
    receipt = Receipt.objects.get()
    assert (receipt.amount_micros, receipt.pool_micros) == (9_990_000, 5_876_471)


@pytest.mark.parametrize("page", ["receipts/receipt/record", "royalties/period/close"])
def test_staff_who_may_not_decide_about_money_look_only(
    client: Browser, db: None, page: str
) -> None:
    client.force_login(User.objects.create_user("c@example.org", "a-long-word", is_staff=True))
    assert client.get(f"/admin/{page}/").status_code == 403
    assert client.get(f"/admin/{page.rsplit('/', 1)[0]}/").status_code == 200


def test_staff_who_may_not_decide_about_rights_look_only(
    client: Browser, recording: Recording
) -> None:
    """Every deed about rights, by people who may decide about money: shown the way, not let in."""
    user = User.objects.create_user("c@example.org", "a-long-word", is_staff=True)
    client.force_login(may_decide(user))
    hold = place_hold(
        target_kind="RECORDING", target_ref=recording.id, reason="A claim.",
        actor=("user", "1"), now=NOW,
    )  # fmt: skip
    stem = add_stem(
        recording_id=recording.id, party_id=recording.party_id, label="Drums",
        actor=("user", "1"), now=NOW,
    )  # fmt: skip
    deeds = (
        "clearance/hold/place",
        f"clearance/hold/{hold.pk}/release",
        f"catalog/stem/{stem.pk}/accept",
        f"catalog/stem/{stem.pk}/refuse",
        "clearance/societyagreement/record",
        "releases/release/release",
    )
    for deed in deeds:
        for answer in (client.get(f"/admin/{deed}/"), client.post(f"/admin/{deed}/", {})):
            assert answer.status_code == 403
            assert "this is decided by people with a permission" in answer.content.decode()
    assert Hold.objects.get().released_at is None
    page = client.get(f"/admin/clearance/hold/{hold.pk}/change/")
    assert page.status_code == 200
    assert f"{hold.pk}/release/" not in page.content.decode()


def test_a_receipt_from_nobody_is_refused_in_words(staff: Browser) -> None:
    answer = staff.post("/admin/receipts/receipt/record/", RECEIPT | {"payer": "no@example.org"})
    assert "Nobody here has this address" in answer.content.decode()
    assert not Receipt.objects.exists()


def test_a_month_that_is_not_over_is_not_closed(staff: Browser) -> None:
    answer = staff.post("/admin/royalties/period/close/", {"month": "2199-01-01"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert not Period.objects.exists()


def test_a_deed_on_nothing_is_not_found(staff: Browser) -> None:
    nothing = "00000000-0000-4000-8000-000000000000"
    assert staff.get(f"/admin/clearance/hold/{nothing}/release/").status_code == 404
    assert staff.get(f"/admin/catalog/stem/{nothing}/accept/").status_code == 404


def test_a_hold_and_a_dispute_begin_on_the_page_of_what_they_are_about(client, db):
    staff, stage = decider(client), on.set_stage()
    for name, ref, held, disputed in (
        ("catalog/recording", stage.tide.pk, "RECORDING", "recording"),
        ("catalog/stem", stage.drums.pk, "STEM", "stem"),
    ):
        page = f"/admin/{name}/{ref}/"
        shown = staff.get(f"{page}change/").content.decode()
        assert f'href="{page}hold/"' in shown
        assert f'href="{page}dispute/"' in shown
        asked = staff.get(f"{page}hold/", follow=True).content.decode()
        assert f'<option value="{held}" selected>' in asked
        assert f'value="{ref}"' in asked
        asked = staff.get(f"{page}dispute/", follow=True).content.decode()
        assert f'name="{disputed}" value="{ref}"' in asked


def test_who_may_only_look_begins_neither(client, db):
    stage = on.set_stage()
    client.force_login(User.objects.create_user("c@example.org", "a-long-word", is_staff=True))
    page = f"/admin/catalog/recording/{stage.tide.pk}/"
    assert f"{page}hold/" not in client.get(f"{page}change/").content.decode()
    assert [client.get(f"{page}{deed}/").status_code for deed in ("hold", "dispute")] == [403, 403]
