"""The main job from the first stem to the first cent, as people do it: over HTTP, page by page.

Ines uploads a recording, shares it with Oskar by a signed sheet, both grant, Lena asks for a
variation and hears it while it is made, the month is closed and both see what they earned. It knows
addresses and forms, no rows. `make demo CHECK=1` and the journey test walk it.
"""

import hashlib
import io
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import soundfile

from generation.variations.rules import FORMATS
from portal.demo.visitor import VisitFailed, Visitor, said

PATIENCE_S = 240.0
RATE_HZ = 48_000
_ID = r"[0-9a-f]{8}-[0-9a-f-]{27}"

Say = Callable[[str], None]


@dataclass
class Heard:
    """What a listener got: samples decoded of samples promised, and who was in it."""

    variation: str
    samples: int = 0
    length: int = 0
    pieces: int = 0
    before_ready: int = 0
    credits: list[dict[str, Any]] = field(default_factory=list)
    downloads: dict[str, int] = field(default_factory=dict)


def until(look: Callable[[], Any], what: str) -> Any:
    """Look every fifth of a second for something true; VisitFailed after four minutes."""
    pause = threading.Event()
    for _ in range(round(PATIENCE_S * 5)):
        if found := look():
            return found
        pause.wait(0.2)
    raise VisitFailed(f"{what} took longer than {PATIENCE_S:.0f} s; see the workers' logs.")


# -- the artist ---------------------------------------------------------------------------------


def add_recording(artist: Visitor, title: str) -> str:
    """A new recording; returns its address."""
    page = artist.submit("/artists/recordings/new/", "/recordings/new/", title=title)
    found = re.search(rf"/artists/recordings/{_ID}/", page.url)
    if found is None:
        raise VisitFailed(f"No page of a new recording, but {page.url}.")
    return found.group()


def upload_stems(artist: Visitor, recording: str, files: Sequence[Path]) -> None:
    """Send every file in parts, as the page's script does, and wait until each is checked."""
    begun = [_upload(artist, recording, path) for path in files]
    for path, upload in zip(files, begun, strict=True):
        end = until(partial(_ended, artist, upload), f"Checking {path.name}")
        if end["refusal"]:
            raise VisitFailed(f"{path.name}: {end['refusal']}")


def _upload(artist: Visitor, recording: str, path: Path) -> str:
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    asked = {"name": path.name, "size": len(data), "sha256": sha256}
    told = artist.post(f"{recording}uploads/", json=asked).json()
    size = told["part_bytes"]
    for index in told["missing"]:
        artist.put(f"{told['part_url']}{index}/", data[index * size : (index + 1) * size])
    artist.post(told["complete_url"])
    return f"/artists/uploads/{told['upload']}/"


def _ended(artist: Visitor, upload: str) -> dict[str, Any] | None:
    told: dict[str, Any] = artist.get(upload).json()
    return told if told["state"] in {"DONE", "REFUSED"} else None


def complete(artist: Visitor, recording: str) -> None:
    """Say that all stems are in."""
    artist.submit(recording, "/complete/")


def propose(artist: Visitor, recording: str, right: str, name: str, email: str, share: str) -> str:
    """A sheet with 100 % minus `share` for the artist and `share` for somebody to be invited."""
    path = f"{recording}sheets/{right}/"
    values = {"shares__0__share": str(100 - int(share)), "shares__1__share": share}
    known = _known_party(artist, path, name)
    if known:
        values |= {"shares__1__party": known}
    else:
        values |= {"shares__1__name": name, "shares__1__email": email}
    page = artist.submit(path, f"/sheets/{right}/", **values)
    found = re.search(rf"/artists/sheets/{_ID}/", page.url)
    if found is None:
        raise VisitFailed(f"The {right} sheet was not proposed.")
    return found.group()


def _known_party(artist: Visitor, path: str, name: str) -> str:
    """The party's id where the sheet's form offers somebody of that name, else ""."""
    page = artist.get(path).text
    found = re.search(rf'<option value="({_ID})"[^>]*>{re.escape(name)}</option>', page)
    return found.group(1) if found else ""


def sign(person: Visitor, sheet: str) -> None:
    """Sign a sheet for every party one may sign for."""
    person.sign(sheet, sheet)


def accept_invitation(person: Visitor, mails: Path, email: str) -> None:
    """Follow the link of the newest mail to `email` and accept."""
    for path in sorted(mails.glob("*.log"), key=lambda one: one.stat().st_mtime, reverse=True):
        text = path.read_text()
        link = re.search(r"/account/invitations/\S+?/(?=\s)", text)
        if link is not None and f"To: {email}" in text:
            person.submit(link.group(), link.group())
            return
    raise VisitFailed(f"No invitation to {email} in {mails}.")


def grant(person: Visitor, recording: str) -> None:
    """Say yes to everything the matrix offers."""
    person.sign(f"{recording}grant/", "/grant/", grant="*")


# -- the listener -------------------------------------------------------------------------------


def ask(listener: Visitor, recording: str, **wishes: str) -> str:
    """Ask for a variation of a recording; returns the address of its page."""
    ref = re.search(_ID, recording)
    if ref is None:
        raise VisitFailed(f"{recording} names no recording.")
    page = listener.submit(f"/listen/recordings/{ref.group()}/", "/listen/ask/", **wishes)
    found = re.search(rf"/listen/variations/{_ID}/", page.url)
    if found is None:
        raise VisitFailed(f"The request was not taken: {said(page)}")
    return found.group()


def listen(listener: Visitor, variation: str) -> Heard:
    """Fetch and decode every piece as it appears, then report what was heard."""
    opened = until(lambda: _opened(listener, variation), "Opening the licence record")
    heard = Heard(variation, length=opened["length"])
    token, told = opened["token"], opened
    while True:
        for piece in told["segments"]:
            _fetch(listener, piece, heard)
        heard.before_ready += len(told["segments"]) if told["state"] == "RENDERING" else 0
        if told["complete"]:
            break
        more = f"{opened['more']}&after={heard.pieces}"
        told = listener.get(more).json()
    _report(listener, token, heard)
    heard.credits = listener.get(f"{variation}credits/?at_ms=8000").json()["credits"]
    return heard


def _opened(listener: Visitor, variation: str) -> dict[str, Any] | None:
    try:
        listener.get(variation)
        told: dict[str, Any] = listener.post(f"{variation}play/").json()
    except VisitFailed as failed:
        if " answered 404" in str(failed) and "play/" in str(failed):
            return None
        raise
    return told


def _fetch(listener: Visitor, piece: dict[str, Any], heard: Heard) -> None:
    sound, rate = soundfile.read(io.BytesIO(listener.get(piece["url"]).content))
    if rate != RATE_HZ or len(sound) != piece["end"] - piece["start"]:
        raise VisitFailed(f"Piece {piece['index']} does not have the length it says.")
    if piece["start"] != heard.samples:
        raise VisitFailed(f"Between pieces {piece['index'] - 1} and {piece['index']} is a gap.")
    heard.samples += len(sound)
    heard.pieces += 1


def _report(listener: Visitor, token: str, heard: Heard) -> None:
    """Report second by second what a real player would have played by now, until it counts."""
    needed = min(30_000, heard.length * 1000 // RATE_HZ // 2 + 1)
    pause = threading.Event()
    played, step = 0, 1_000
    while played < needed:
        pause.wait(step / 1000)
        until_ms = min(needed, played + step)
        form = {"token": token, "client_id": f"p{played}", "from_ms": str(played)}
        answer = listener.post("/listen/plays/", data=form | {"until_ms": str(until_ms)})
        if not answer.json()["accepted"]:
            raise VisitFailed(f"A play was not believed: {answer.json()['reason']}.")
        played = until_ms


def download(listener: Visitor, heard: Heard) -> None:
    """The finished files, once they are there."""
    for form in FORMATS:
        path = f"{heard.variation}download/{form}/"
        heard.downloads[form] = len(until(partial(_file, listener, path), path))


def _file(listener: Visitor, path: str) -> bytes | None:
    try:
        return listener.get(path).content
    except VisitFailed as failed:
        if " answered 404" in str(failed):
            return None
        raise


# -- the money ----------------------------------------------------------------------------------


def read_statement(artist: Visitor, month: str) -> dict[str, Any]:
    """The statement of a closed month (like 2026-11) as the artist downloads it."""
    page = artist.get(f"/artists/earnings/?month={month}").text
    found = re.search(rf'href="(/artists/earnings/statements/{_ID}\.json)"', page)
    if found is None:
        raise VisitFailed(f"There is no statement of {month} on the earnings page.")
    statement: dict[str, Any] = artist.get(found.group(1)).json()
    return statement
