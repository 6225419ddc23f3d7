"""What the provider rang and nobody could act on stands at the desk, with its two ends."""

import pytest
from django.utils import timezone

from licensing.payouts.models import EventTrouble, HandledEvent, ProviderEvent
from tests.portal.backoffice.deciding import Desk

PAGE = "/admin/payouts/eventtrouble/"


@pytest.fixture
def trouble(db):
    now = timezone.now()
    event = ProviderEvent.objects.create(
        id="evt_1", type="payout.paid", told_at=now, received_at=now, body=b"{}"
    )
    return EventTrouble.objects.create(
        event=event, reason="IntegrityError: twice", last_at=now, is_set_aside=True
    )


def test_an_event_set_aside_is_shown_with_its_reason_and_tried_again(trouble):
    desk = Desk("maker").browser
    assert "News of the provider not acted on" in desk.get("/admin/").content.decode()
    assert "IntegrityError: twice" in desk.get(PAGE).content.decode()
    page = f"{PAGE}{trouble.pk}/again/"
    assert "IntegrityError: twice" in desk.get(page).content.decode()
    assert "Write the reason" in desk.post(page, {}).content.decode()
    assert desk.post(page, {"reason": "Mended."}).status_code == 302
    trouble.refresh_from_db()
    assert not trouble.is_set_aside
    assert "not set aside any more" in desk.post(page, {"reason": "x"}).content.decode()


def test_an_event_is_left_by_who_may_decide_alone(trouble):
    page = f"{PAGE}{trouble.pk}/leave/"
    looking = Desk("looking", decides=False).browser
    assert looking.post(page, {"reason": "x"}).status_code == 403
    assert Desk("maker").browser.post(page, {"reason": "A mistake."}).status_code == 302
    assert HandledEvent.objects.get().outcome == "IGNORED"
