"""Every address of the product, asked by nobody and by strangers: nothing is shown, nothing moves.

The walk reads the URL resolver, so a new address is walked from its first day; one with an id of a
new kind fails here until somebody else's object of that kind stands in the world below.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from generation.sessions.models import LiveSession
from generation.uploads.operations import begin_upload
from generation.variations.models import Variation
from licensing.audit.models import Fact
from licensing.catalog.models import SplitSheet, Stem
from licensing.clearance.models import Grant
from licensing.clearance.operations import withdraw_grant
from licensing.clearance.terms import CURRENT_VERSION
from licensing.compliance.models import Takedown
from licensing.invoicing.models import Invoice
from licensing.royalties.closing import close_period
from licensing.royalties.models import Statement
from portal.accounts.models import Membership
from portal.audio.signing import Leave, expiry, sign
from portal.partners.models import WithdrawalNotice
from portal.partners.operations import create_client
from portal.partners.rules import SCOPES
from tests.licensing.compliance import told as notices
from tests.licensing.invoicing.used_month import agree
from tests.licensing.royalties import small_world
from tests.portal.listeners.made import asked, granted_stage, pay, sealed
from tests.portal.listeners.made_live import going_on

NOW = timezone.now()
PASSWORD = "tape organ at low tide"
METHODS = ("get", "post", "put", "delete")
REFUSED = {401, 403, 404, 405}
# A granted recording may be opened by everybody who is logged in, and the words that all sign.
SHOWN_TO_USERS = {"listeners:recording", "artists:terms"}
# These say politely that a link from a mail is not good.
POLITE = {"account_confirm_email", "account_reset_password_from_key"}
OPEN = POLITE | {
    *("healthz", "metrics", "robots", "tdmrep"),
    *("partners:openapi", "partners:token", "admin:login"),
    "verify:notice",
    *("listeners:home", "listeners:how_shares_are_measured", "listeners:recordings"),
    *("account_login", "account_signup", "account_reset_password", "account_inactive"),
    *("account_reset_password_done", "account_reset_password_from_key_done"),
    *("account_email_verification_sent", "account_logout", "admin:logout"),
}


@dataclass(frozen=True)
class Route:
    """One address: its full name, its template and the names of its parameters."""

    name: str
    template: str
    parameters: tuple[str, ...]

    def filled(self, values: dict[str, str]) -> str:
        """The path with `values` in the places of the parameters."""
        path = self.template
        for name in self.parameters:
            path = re.sub(rf"<(?:\w+:)?{name}>", values[name], path)
            path = re.sub(rf"\(\?P<{name}>(?:[^()\\]|\\.)*\)", values[name], path)
        return "/" + re.sub(r"[\^$\\]", "", path)


def _walk(
    resolver: URLResolver, template: str = "", space: str = "", outer: tuple[str, ...] = ()
) -> Iterator[Route]:
    for one in resolver.url_patterns:
        whole = template + str(one.pattern)
        names = (*outer, *one.pattern.converters, *one.pattern.regex.groupindex)
        if isinstance(one, URLPattern):
            name = f"{space}{one.name or whole}"
            yield Route(name, whole, tuple(dict.fromkeys(names)))
        else:
            yield from _walk(one, whole, f"{one.namespace}:" if one.namespace else space, names)


ROUTES = tuple(_walk(get_resolver()))
WITH_IDS = tuple(one for one in ROUTES if one.parameters)


def _billed() -> Invoice:
    """A partner's invoice."""
    return Invoice.objects.create(
        agreement=agree(since=NOW), payer_kind="client", payer_ref="stride",
        month=small_world.OCTOBER.date(), country="DE", currency="EUR", tax_ppm=0,
        rounding_micros=0, net_micros=10_000, tax_micros=0, gross_micros=10_000, drafted_at=NOW,
    )  # fmt: skip


@pytest.fixture
def theirs(db: None, make_user, join, settings, tmp_path) -> dict[str, str]:
    """Something of somebody else's for every kind of id that an address can hold."""
    settings.UPLOAD_DIR = tmp_path
    (stem,) = small_world.recording("Lamp", master={"Dora": 10**6}, publishing={"Dora": 10**6})
    small_world.pay("somebody")
    small_world.heard("somebody", small_world.record("7QK2", [(stem, 10**6)]), 3)
    close_period(month=small_world.OCTOBER.date(), now=small_world.AFTER_OCTOBER)
    statement = Statement.objects.latest("pk")
    stage, owner = granted_stage(), make_user("Ana")
    join(owner, stage.ana)
    row = sealed(owner, stage, NOW)
    pay(owner, NOW)
    session = going_on(owner, stage, NOW)
    preview = asked(("party", str(stage.ana.pk)), stage, NOW)
    upload = begin_upload(
        party_id=stage.ana.pk, recording_id=stage.tide.pk, client_name="bass.wav",
        size_bytes=1_000, actor=("user", str(owner.pk)), now=NOW,
    )  # fmt: skip
    leave = Leave(str(row.pk), "segment:0", "user", str(owner.pk), "", expiry(timezone.now()))
    withdrawal = withdraw_grant(
        grant_id=Grant.objects.filter(stem=stage.drums).first().pk, uses=["AMBIENT"],
        actor=("user", str(owner.pk)), now=NOW,
    )  # fmt: skip
    told, _ = create_client(
        name="Told", channel="site", territory="DE", scopes=SCOPES, by="test", now=NOW
    )
    notice = WithdrawalNotice.objects.create(
        client=told, withdrawal=withdrawal, variations=[row.pk], deadline=NOW, written_at=NOW
    )
    takedown = notices.block(notices.told("STEM", stage.drums.pk, NOW), NOW)
    known = {
        "takedown_id": takedown.pk,
        "notice_id": notice.pk, "preview_id": preview.pk, "invoice_id": _billed().pk,
        "recording_id": stage.tide.pk, "stem_id": stage.drums.pk, "upload_id": upload.pk,
        "sheet_id": SplitSheet.objects.filter(recording=stage.tide).get().pk,
        "party_id": stage.ana.pk, "user_id": owner.pk, "variation_id": row.pk,
        "pk": Authenticator.objects.create(user=owner, type="webauthn", data={"name": "Key"}).pk,
        "record_id": row.record_id, "session_id": session.pk, "statement_id": statement.pk,
        "line_id": statement.lines.latest("pk").pk, "leave": sign(leave),
        "content_type_id": ContentType.objects.get_for_model(Stem).pk, "object_id": stage.drums.pk,
    }  # fmt: skip
    return {name: str(value) for name, value in known.items()} | {
        "index": "0", "number": "0", "right": "master", "ending": "csv", "form": "flac",
        "app_label": "catalog", "url": "nowhere/", "net": "line", "version": CURRENT_VERSION,
        # From mails to one person: whoever has the real ones is let in, so these are guessed.
        "token": "guessed", "key": "guessed", "uidb36": "1",
    }  # fmt: skip


def _unknown(theirs: dict[str, str]) -> dict[str, str]:
    """The same, with ids that nobody has."""
    is_ref = re.compile(r".*_id|leave").fullmatch
    found = {name: str(uuid.uuid4()) if is_ref(name) else text for name, text in theirs.items()}
    return found | {"pk": "999999", "version": "1999-01"}


def _object_ids(route: Route, values: dict[str, str]) -> dict[str, str]:
    """For a page of the back office: the id of a real row of the model it shows."""
    found = re.match(r"admin/(\w+)/(\w+)/", route.template)
    if found is None or "object_id" not in route.parameters:
        return values
    row = apps.get_model(*found.groups()).objects.order_by("pk").first()
    return values | ({"object_id": str(row.pk)} if row else {})


def _ask(client: Client, method: str, path: str) -> Any:
    if method == "get":
        return client.get(path)
    return getattr(client, method)(path, data="{}", content_type="application/json")


def _what_stands() -> tuple[Any, ...]:
    """What a stranger might have moved."""
    return (
        sorted(Stem.objects.values_list("pk", "state", "label")),
        sorted(Variation.objects.values_list("pk", "state", "visibility")),
        sorted(LiveSession.objects.values_list("pk", "state", "handed")),
        Grant.objects.count(),
        Membership.objects.count(),
        sorted(Takedown.objects.values_list("pk", "state")),
        Fact.objects.latest("pk").pk,
    )


def _is_refusal(answer: Any) -> bool:
    if answer.status_code == 302:
        return "/login/" in answer.headers["Location"]
    return answer.status_code in REFUSED


@dataclass(frozen=True)
class Answer:
    """What an address with ids said."""

    asked: str
    route: str
    status: int
    refused: bool


def _methods(route: Route) -> tuple[str, ...]:
    """What an address is asked by: the back office tells POST from everything else, and no more."""
    return ("get", "post") if route.template.startswith("admin/") else METHODS


def _answers(client: Client, path_of: Callable[[Route], str]) -> list[Answer]:
    """Every address with ids, asked by every method that makes a difference."""
    found = []
    for route in WITH_IDS:
        path = path_of(route)
        for method in _methods(route):
            answer = _ask(client, method, path)
            assert answer.status_code < 500, (method, path)
            asked = f"{method} {route.name} {path}"
            found.append(Answer(asked, route.name, answer.status_code, _is_refusal(answer)))
    return found


def _real(theirs: dict[str, str]) -> Callable[[Route], str]:
    return lambda route: route.filled(_object_ids(route, theirs))


def _guessed(theirs: dict[str, str]) -> Callable[[Route], str]:
    values = _unknown(theirs)
    return lambda route: route.filled(values)


def _shown(answers: list[Answer], skipped: set[str]) -> list[str]:
    """What was answered with anything but a refusal."""
    return [
        f"{one.asked}: {one.status}"
        for one in answers
        if not one.refused and one.route not in skipped
    ]


@pytest.fixture
def stranger(make_user: Callable[..., Any], make_party: Callable[..., Any], join: Any) -> Client:
    """Logged in this minute, with a party of their own and no rights here."""
    user = make_user("Eve")
    join(user, make_party("Eve"))
    client = Client(raise_request_exception=False)
    client.force_login(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def application(db: None) -> Client:
    """Another partner's program with every scope."""
    row, secret = create_client(
        name="Else", channel="games", territory="FR", scopes=SCOPES, by="test", now=NOW
    )
    form = f"grant_type=client_credentials&client_id={row.id}&client_secret={secret}"
    kind = "application/x-www-form-urlencoded"
    token = Client().post("/api/v1/token", form, content_type=kind).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    return Client(raise_request_exception=False, headers=headers)


def test_every_kind_of_id_in_an_address_is_walked(theirs: dict[str, str]) -> None:
    wanted = {name for route in WITH_IDS for name in route.parameters}
    assert wanted == set(theirs)
    assert len(WITH_IDS) > 100


def test_nobody_at_all_is_shown_nothing(theirs: dict[str, str]) -> None:
    before, nobody = _what_stands(), Client(raise_request_exception=False)
    assert _shown(_answers(nobody, _real(theirs)), POLITE) == []
    assert _shown(_answers(nobody, _guessed(theirs)), POLITE) == []
    assert _what_stands() == before


def test_a_stranger_is_shown_nothing_and_cannot_tell_what_exists(theirs, stranger: Client) -> None:
    before = _what_stands()
    real, guessed = _answers(stranger, _real(theirs)), _answers(stranger, _guessed(theirs))
    assert _shown(real, POLITE | SHOWN_TO_USERS) == []
    assert _shown(guessed, POLITE) == []
    assert _what_stands() == before
    told = [
        (one.asked, one.status, other.status)
        for one, other in zip(real, guessed, strict=True)
        if one.status != other.status and one.route not in SHOWN_TO_USERS
    ]
    assert told == []


def test_another_partner_is_shown_nothing(theirs, application: Client) -> None:
    before = _what_stands()
    assert _shown(_answers(application, _real(theirs)), POLITE) == []
    assert _what_stands() == before


def test_what_is_not_open_to_all_asks_for_a_login(db: None, broker: str) -> None:
    nobody = Client(raise_request_exception=False)
    shown = []
    for route in ROUTES:
        if route.parameters or route.name in OPEN | {"readyz"}:
            continue
        for method in _methods(route):
            answer = _ask(nobody, method, route.filled({}))
            if not _is_refusal(answer):
                shown.append(f"{method} {route.name}: {answer.status_code}")
    assert shown == []


def test_what_is_open_to_all_answers(db: None) -> None:
    for route in ROUTES:
        if route.name in OPEN - POLITE:
            answer = Client().get(route.filled({}))
            assert answer.status_code in {200, 302, 405}, route.name
