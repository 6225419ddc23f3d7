"""A grant is withdrawn while a variation is rendered and heard: nothing more is served of it."""

import pytest
from django.utils import timezone

from licensing.attribution.models import LicenceRecord
from portal.accounts.models import Membership, Role, User
from portal.demo.journey import until
from portal.demo.seed import seed_receipt
from portal.demo.visitor import Visitor
from tests.studio import ask_for, build_studio

PASSWORD = "tape organ at low tide"

pytestmark = pytest.mark.xdist_group("product")


def _login(site, name):
    """A confirmed login, and a visitor who used it."""
    user = User.objects.create_user(f"{name}@example.org", PASSWORD, display_name=name.title())
    user.confirmed_16_at, user.country = timezone.now(), "DE"
    user.save()
    visitor = Visitor(site)
    visitor.log_in(user.email, PASSWORD)
    return user, visitor


def _status(visitor, address, method="GET"):
    headers = {"X-CSRFToken": visitor.session.cookies["csrftoken"]}
    url = visitor.address(address)
    return visitor.session.request(method, url, headers=headers, timeout=30).status_code


def test_withdrawn_while_rendered_nothing_more_is_served(processes, material, news):
    studio = build_studio(material)
    site = processes.address
    ada, artist = _login(site, "ada")
    lea, listener = _login(site, "lea")
    Membership.objects.create(
        user=ada, party=studio.parties[0], role=Role.ADMIN, created_at=timezone.now()
    )
    seed_receipt(("user", str(lea.pk)), timezone.now())
    variation = ask_for(
        studio, requester=("user", str(lea.pk)), targets={"seconds": 180.0, "tempo_bpm": 124.0}
    )
    news.wait_for(lambda word: word == "0")  # two workers: a later piece may come before it
    page = f"/listen/variations/{variation.pk}/"
    listener.get(page)
    told = listener.post(f"{page}play/").json()
    assert told["state"] == "RENDERING"
    piece = told["segments"][0]["url"]
    assert len(listener.get(piece).content) > 10_000

    withdraw = f"/artists/recordings/{studio.recording.pk}/withdraw/"
    artist.sign(withdraw, withdraw, effect="TAKE_DOWN", reason="Not like this.")

    assert _status(listener, piece) == 404
    assert _status(listener, f"{page}play/", "POST") == 404
    assert _status(listener, f"{told['more']}&after=0") == 404
    news.wait_for(lambda word: word == "WITHDRAWN")
    _is_sealed_as_heard(variation)
    for form in ("flac", "mp3", "m4a", "opus"):
        assert _status(listener, f"{page}download/{form}/") == 404
    assert "withdrawn" in listener.get(page).text


def _is_sealed_as_heard(variation):
    """The record closes with the shares of what was made until then, and those are all."""
    record = until(
        lambda: LicenceRecord.objects.filter(state="WITHDRAWN").first(), "Sealing what was heard"
    )
    variation.refresh_from_db()
    assert (variation.state, variation.record_id) == ("WITHDRAWN", record.pk)
    made = variation.segments.count()
    assert 1 <= made < variation.piece_count
    assert record.lines.count() >= 1
    assert sum(record.lines.values_list("ppm", flat=True)) == 1_000_000
    assert record.windows_sha256
    assert not variation.files.exists()
