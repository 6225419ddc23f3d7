"""Uploads in a real browser: what a page says when the log-in ended meanwhile."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.licensing.stage import set_stage

pytestmark = [
    pytest.mark.usefixtures("rows_beside_a_browser"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture
def at_work(site, tab):
    """Ana's log-in, at the page of her recording."""
    from portal.accounts.models import Membership, User

    stage = set_stage()
    ana = User.objects.create_user("ana@example.org", None, confirmed_16_at=timezone.now())
    Membership.objects.create(user=ana, party=stage.ana, role="ADMIN", created_at=timezone.now())
    client = Client()
    client.force_login(ana)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}
    tab.context.add_cookies([session])
    tab.goto(site + reverse("artists:recording", args=[stage.tide.pk]))
    return client


def test_somebody_whose_log_in_ended_is_told_and_not_left_waiting(at_work, tab, tmp_path):
    at_work.logout()
    file = tmp_path / "drums.wav"
    file.write_bytes(b"RIFF")
    tab.locator("#files").set_input_files(str(file))
    tab.get_by_text("drums.wav: You are logged out by now.").wait_for()
