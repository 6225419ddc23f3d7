"""Seeds the demo once: artists and their music, a paying listener, an administrator, a partner.

Everything goes through the operations that people's own deeds go through. Invariant: a second run
finds what the first one made and changes nothing but moments of looking.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.utils import timezone

from generation.variations.operations import request_variation
from generation.variations.queries import get_variation
from generation.variations.rules import State
from licensing.catalog.models import Party, Recording, Stem
from licensing.catalog.rules import TEXT_LANGUAGE
from licensing.clearance.models import Grant, Use
from licensing.clearance.operations import grant_matrix
from licensing.given import Given, Strength
from licensing.receipts.operations import record_receipt
from licensing.royalties.setting_cards import cards_in_force
from portal.accounts.models import User
from portal.demo import music, people
from portal.demo.song.write import write_stems
from portal.partners.models import Client
from portal.partners.operations import create_client
from portal.partners.rules import SCOPES

PRICE_MICROS = 9_990_000
TAX_MICROS = 1_595_042
POOL_MICROS = 5_876_471
USES = [Use.REMIX, Use.MOOD, Use.FOCUS, Use.AMBIENT, Use.COLLABORATION]

Say = Callable[[str], None]


def seed(var: Path, base_url: str, stems: Path | None, say: Say) -> dict[str, Any]:
    """Seed what is missing, and return what `var/demo.json` is to hold."""
    now = timezone.now()
    known = _known(var / "demo.json")
    cast = people.seed_people({one["email"]: one["password"] for one in known["people"]}, now)
    ines = people.seed_party("Ines Maravel", "ines@stemma.example", now)
    oskar = people.seed_party("Oskar Tindhem", "oskar@stemma.example", now)
    recordings = _seed_music(var, ines, oskar, stems, now, say)
    listener = User.objects.get(email="lena@stemma.example")
    seed_receipt(("user", str(listener.id)), now)
    partner = _seed_partner(known.get("partner"), now)
    say("Making a first variation …")
    variation = _seed_variation(listener, recordings[0], now)
    return {
        "base_url": base_url,
        "people": [asdict(person) for person in cast],
        "partner": partner,
        "recordings": {one.title: str(one.id) for one in recordings},
        "recording": str(recordings[0].id),
        "variation": variation,
    }


def _known(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {"people": []}


def _seed_music(
    var: Path, ines: Party, oskar: Party, stems: Path | None, now: datetime, say: Say
) -> list[Recording]:
    both = {ines.id: 600_000, oskar.id: 400_000}
    plan = [
        (ines, "Paper Lanterns", "paper_lanterns", both),
        (oskar, "Slow Harbour", "slow_harbour", {oskar.id: 1_000_000}),
    ]
    recordings = []
    for party, title, piece, shares in plan:
        say(f"Checking and measuring “{title}” …")
        files = write_stems(var / "song" / piece, piece)
        recording = music.seed_recording(party, title, files, shares, now)
        _seed_grants(recording, list(shares), now)
        recordings.append(recording)
    if stems is not None:
        say(f"Checking and measuring your stems in {stems} …")
        title = stems.resolve().name.replace("_", " ").replace("-", " ").title() or "Your stems"
        files = music.sound_files(stems)
        own = music.seed_recording(ines, title, files, {ines.id: 1_000_000}, now)
        _seed_grants(own, [ines.id], now)
        recordings.append(own)
    return recordings


def _seed_grants(recording: Recording, parties: list[Any], now: datetime) -> None:
    ready = list(recording.stems.filter(state=Stem.State.READY))
    for party_id in parties:
        if Grant.objects.filter(party_id=party_id, stem__in=ready).exists():
            continue
        grant_matrix(
            stem_ids=[stem.id for stem in ready],
            party_id=party_id,
            uses=USES,
            limits={"tempo_min_ratio": 0.75, "tempo_max_ratio": 1.35, "semitones_max": 5},
            actor=("party", str(party_id)),
            given=Given("demo", Strength.COMMAND, TEXT_LANGUAGE),
            royalty_terms=cards_in_force(now),
            now=now,
        )


def seed_receipt(payer: tuple[str, str], now: datetime) -> None:
    """The month's subscription of `payer`: 9.99 EUR, 19 % VAT inside."""
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    record_receipt(
        key=f"demo:{payer[1]}:{start:%Y-%m}",
        kind="SUBSCRIPTION",
        payer=payer,
        amount_micros=PRICE_MICROS,
        currency="EUR",
        covers_from=start,
        covers_until=start + relativedelta(months=1),
        tax_micros=TAX_MICROS,
        now=now,
    )


def _seed_partner(known: dict[str, str] | None, now: datetime) -> dict[str, str]:
    if known is not None and Client.objects.filter(id=known["id"]).exists():
        return known
    client, secret = create_client(
        name="Stride", channel="fitness", territory="DE", scopes=SCOPES, by="demo", now=now
    )
    seed_receipt(("client", str(client.id)), now)
    return {"name": client.name, "id": str(client.id), "secret": secret}


def _seed_variation(listener: User, recording: Recording, now: datetime) -> str:
    row = request_variation(
        requester=("user", str(listener.id)),
        key="demo-first",
        mode="remix",
        targets={"energy": 0.6, "seconds": 60.0, "tempo_bpm": 116.0},
        recordings=[str(recording.id)],
        seed=1,
        territory="DE",
        channel=settings.OWN_CHANNEL,
        now=now,
    )
    ends = {State.READY, State.FAILED, State.WITHDRAWN, State.CANCELLED}
    music.wait_until(lambda: get_variation(row.id).state in ends, "making the first variation")
    ended = get_variation(row.id)
    if ended.state != State.READY:
        raise music.NotSeeded(f"The first variation is {ended.state}: {ended.error_sentence}")
    return str(row.id)
