"""`make demo CHECK=1`: the main job once, over HTTP, on a database of its own, with a summary.

It knows the journey and the command that closes a month; it judges nothing that the journey does
not fail on, but prints who was heard and who earned what.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.management import call_command
from django.utils import timezone

from portal.demo import journey, people, seed
from portal.demo.journey import Heard, Say
from portal.demo.music import sound_files
from portal.demo.song.write import write_stems
from portal.demo.visitor import VisitFailed, Visitor

INES, OSKAR, LENA = "ines@stemma.example", "oskar@stemma.example", "lena@stemma.example"


@dataclass
class Outcome:
    """What came of the main job."""

    heard: Heard
    statements: dict[str, dict[str, Any]]
    pool_micros: int


def check(base_url: str, var: Path, stems: Path | None, say: Say) -> Outcome:
    """Walk the main job; raises VisitFailed or NotSeeded with what failed."""
    visitors = _people(base_url)
    ines, oskar, lena = (visitors[email] for email in (INES, OSKAR, LENA))
    title = stems.resolve().name.title() if stems else "Paper Lanterns"
    files = sound_files(stems) if stems else write_stems(var.parent / "song" / "paper_lanterns")
    say(f"Ines uploads {len(files)} stems of “{title}” …")
    recording = journey.add_recording(ines, title)
    journey.upload_stems(ines, recording, files)
    journey.complete(ines, recording)
    say("Ines and Oskar sign the sheets and grant …")
    _agree(ines, oskar, recording, var / "outbox")
    say("Lena asks for a remix and listens while it is made …")
    heard = _listen(lena, recording)
    say("The month is closed, as of five days after its end …")
    month = timezone.now().date().replace(day=1)
    _close(month)
    statements = {
        name: journey.read_statement(artist, f"{month:%Y-%m}")
        for name, artist in (("Ines Maravel", ines), ("Oskar Tindhem", oskar))
    }
    return Outcome(heard, statements, seed.POOL_MICROS)


def _people(base_url: str) -> dict[str, Visitor]:
    """Logins, Ines's party and Lena's receipt; everybody at a browser of their own."""
    now = timezone.now()
    cast = people.seed_people({}, now)
    people.seed_party("Ines Maravel", INES, now)
    seed.seed_receipt(("user", people.login_ref(LENA)), now)
    visitors = {}
    for person in cast:
        visitors[person.email] = Visitor(base_url)
        visitors[person.email].log_in(person.email, person.password)
    return visitors


def _agree(ines: Visitor, oskar: Visitor, recording: str, mails: Path) -> None:
    sheets = [
        journey.propose(ines, recording, right, "Oskar Tindhem", OSKAR, "40")
        for right in ("master", "publishing")
    ]
    journey.accept_invitation(oskar, mails, OSKAR)
    for person in (ines, oskar):
        for sheet in sheets:
            journey.sign(person, sheet)
    for person in (ines, oskar):
        journey.grant(person, recording)


def _listen(lena: Visitor, recording: str) -> Heard:
    variation = journey.ask(lena, recording, mode="remix", length="30", energy="60")
    heard = journey.listen(lena, variation)
    if heard.samples != heard.length:
        raise VisitFailed(f"{heard.samples} samples were heard of {heard.length}.")
    journey.download(lena, heard)
    return heard


def _close(month: date) -> None:
    after = month + relativedelta(months=1) + timedelta(days=5, minutes=1)
    moment = datetime(after.year, after.month, after.day, 0, 1, tzinfo=UTC)
    call_command("close_period", f"{month:%Y-%m}", as_of=moment.isoformat(), verbosity=0)


def micros(text: str) -> int:
    """An amount of a statement, like "1.234567", in micro-units."""
    return int(Decimal(text) * 1_000_000)


def attribution(outcome: Outcome) -> dict[str, int]:
    """Stem -> parts per million of the whole piece, as the statements reckon with it."""
    lines = [line for one in outcome.statements.values() for line in one["lines"]]
    return {line["stem"]: line["source_ppm"] for line in lines}


def faults(outcome: Outcome) -> list[str]:
    """What does not add up, one sentence each; empty when all of it does."""
    found = []
    total = sum(attribution(outcome).values())
    if total != 1_000_000:
        found.append(f"The attribution adds up to {total:,} ppm.")
    earned = sum(micros(one["earned"]) for one in outcome.statements.values())
    if earned != outcome.pool_micros:
        found.append(f"{earned} of {outcome.pool_micros} micro-units were paid.")
    for name, one in outcome.statements.items():
        lines = sum(micros(line["amount"]) for line in one["lines"])
        if not lines == micros(one["earned"]) == micros(one["closing"]) - micros(one["opening"]):
            found.append(f"The statement of {name} does not add up.")
    return found


def summary(outcome: Outcome) -> str:
    """The outcome in a few lines, with the attribution table."""
    heard = outcome.heard
    seconds = heard.length / journey.RATE_HZ
    lines = [
        f"Heard {seconds:.1f} s in {heard.pieces} pieces without a gap, {heard.before_ready} of "
        "them while the rest was being made.",
        "Downloaded "
        + ", ".join(f"{form} {size:,} bytes" for form, size in heard.downloads.items())
        + ".",
        "",
        f"  {'Stem':<24} {'whole piece':>14} {'at 0:08':>14}",
    ]
    now = {credit["label"]: credit["ppm"] for credit in heard.credits}
    for stem, ppm in sorted(attribution(outcome).items(), key=lambda item: -item[1]):
        lines.append(f"  {stem:<24} {ppm:>10,} ppm {now.get(stem, 0):>10,} ppm")
    lines += ["", f"  {'Earned':<24} {'EUR':>14}"]
    for name, statement in outcome.statements.items():
        lines.append(f"  {name:<24} {micros(statement['earned']) / 1e6:>14.6f}")
    lines.append(f"  {'the pool of the month':<24} {outcome.pool_micros / 1e6:>14.6f}")
    return "\n".join(lines)
