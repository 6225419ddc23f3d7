"""`manage.py vary`: a folder of stems in, a variation with its recipe and a draft licence out.

The whole line from untrusted bytes to finished sound without a database, broker or settings. It
grants nothing: what it makes is a draft. Invariant: the folder it makes is complete or not there.
"""

import json
import math
import os
import shutil
import sys
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

if TYPE_CHECKING:
    from generation.compose.values import Song
    from generation.compose.whole import Audio, Made
    from generation.recipe import Recipe

MODES = ("remix", "mood", "focus", "ambient", "collaboration")
COMPOSERS = ("rules", "nets")
LINES = ("none", "melody", "bass", "beat", "all")
FILES = ("variation.flac", "recipe.json", "onsets.json", "licence.json")
_MOODS = ("energy", "valence", "brightness", "density")


class CannotVary(CommandError):
    """Input that cannot be used; exit status 2."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, returncode=2)


class OneLineParser(CommandParser):
    """Refuses a command line in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        if self.called_from_command_line:
            self.exit(2, f"vary: {message}\n")
        raise CannotVary(message)


def number(low: float, high: float) -> Callable[[str], float]:
    """An argument type: a finite number from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ArgumentTypeError(f"{text} is not a number from {low:g} to {high:g}")
        return value

    return read


def seed(text: str) -> int:
    """An argument type: a whole number from 0 to 2^63 - 1."""
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 63:
        raise ArgumentTypeError(f"{text} is not a whole number from 0 to 2^63 - 1")
    return int(text)


def _steering(text: str) -> Any:
    """An argument type, loaded when it is used: see portal.demo.steering."""
    from portal.demo.steering import steering

    return steering(text)


class Command(BaseCommand):
    """Makes one variation from folders of stems, without database, broker or settings."""

    help = "Make a variation of a folder of stems: sound, recipe and a draft licence."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = OneLineParser
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("stems", nargs="+", type=Path, metavar="STEMS_DIR")
        parser.add_argument("--mode", required=True, choices=MODES)
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")
        for mood in _MOODS:
            parser.add_argument(f"--{mood}", type=number(0, 1), default=0.5, help="0 to 1")
        parser.add_argument("--tempo", type=number(40, 240), metavar="BPM", help="40 to 240")
        parser.add_argument("--key", help='such as "A min"')
        parser.add_argument("--vocals", choices=("on", "off"), default="on")
        parser.add_argument("--seconds", type=number(10, 1800), default=60.0, help="10 to 1800")
        parser.add_argument("--lufs", type=number(-40, -6), default=-14.0, help="-40 to -6")
        parser.add_argument("--seed", type=seed, default=0)
        parser.add_argument("--compose", choices=COMPOSERS, default="rules")
        parser.add_argument(
            "--line",
            choices=LINES,
            help="new parts, played by sounds of the stems; nets write all, rules none by default",
        )
        parser.add_argument(
            "--live", action="store_true", help="sections without an end, as in a live session"
        )
        parser.add_argument(
            "--steer",
            type=_steering,
            action="append",
            default=[],
            metavar="SECONDS:WISH=VALUE",
            help="another wish from the next bar line on, as 20:energy=0.9,tempo=124 (live)",
        )
        parser.add_argument("--force", action="store_true", help="replace an existing DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        out = Path(os.path.abspath(options["out"]))
        self._check(options, out)
        with _made_whole(out) as folder, tempfile.TemporaryDirectory() as work:
            line = self._make(options, folder, Path(work))
        self._progress("")
        self.stdout.write(f"{out}: {line}")

    def _check(self, options: dict[str, Any], out: Path) -> None:
        """Refuses what can be refused before any work is done."""
        from generation.compose.keys import parse_key

        if options["mode"] == "collaboration" and len(options["stems"]) < 2:
            raise CannotVary("A collaboration needs two folders of stems.")
        if options["key"] is not None:
            try:
                options["key"] = str(parse_key(options["key"]))
            except ValueError as error:
                raise CannotVary(str(error)) from error
        if out.is_symlink() or (out.exists() and not out.is_dir()):
            raise CannotVary(f"{out} is there and is not a folder.")
        if out.exists() and not options["force"]:
            raise CannotVary(f"{out} is there already; --force replaces it.")

    def _make(self, options: dict[str, Any], folder: Path, work: Path) -> str:
        """Writes the four files to `folder`; a sentence about what was made."""
        from generation.compose.values import CannotCompose
        from generation.compose.whole import NotTheSong, make
        from generation.engine.codecs import tags_for
        from portal.demo.stems import UnusableStems, stem_files, take

        try:
            lists = [stem_files(stems) for stems in options["stems"]]
            taken = [take(files, work, self._progress) for files in lists]
        except UnusableStems as error:
            raise CannotVary(str(error)) from error
        songs = [one.song for one in taken]
        samples = {digest: sound for one in taken for digest, sound in one.samples.items()}
        if options["tempo"] is not None and not any(s.analysis.tempo_bpm for s in songs):
            raise CannotVary("The stems have no confident tempo, so --tempo has no meaning.")
        self._progress("Composing")
        try:
            recipe = _planned(options, songs, samples)
        except (CannotCompose, NotTheSong) as error:
            raise CannotVary(str(error)) from error
        title = f"{options['mode'].title()} of {options['stems'][0].resolve().name}"
        try:
            made = make(
                recipe,
                songs,
                samples,
                folder,
                name="variation",
                tags=tags_for(title, "Stemma", "licence.json beside this file (a draft)"),
                progress=lambda part: self._progress(f"Rendering {part:.0%}"),
            )
        except NotTheSong as error:
            raise CannotVary(str(error)) from error
        notes = [note for one in taken for note in one.notes]
        _write_beside(folder, made, songs, notes)
        loud = made.finished.integrated_lufs
        level = "silent" if loud is None else f"{loud:.1f} LUFS"
        return f"{made.recipe.length / 48_000:.1f} s, {level}, {len(made.lines)} sources."

    def _progress(self, text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()


def _planned(
    options: dict[str, Any], songs: Sequence["Song"], samples: Mapping[str, "Audio"]
) -> "Recipe":
    """The recipe that is asked for, live or whole. Raises CannotCompose, NotTheSong."""
    from generation.compose.values import Ask
    from generation.compose.whole import plan, plan_live
    from portal.demo.composers import composer, going_on

    ask, name = Ask(**_ask(options)), options["compose"]
    if options["live"] or options["steer"]:
        return plan_live(ask, options["steer"], songs, samples, later=going_on(name))
    return plan(ask, songs, samples, composer=composer(name))


def _write_beside(
    folder: Path, made: "Made", songs: Sequence["Song"], notes: Sequence[str]
) -> None:
    """The recipe, the onsets that it names and the draft of a licence, beside the sound."""
    from generation.recipe import to_json
    from portal.demo.draft import draft_licence, named_onsets

    licence = json.dumps(draft_licence(made, songs, notes), indent=2, ensure_ascii=False) + "\n"
    for name, text in (
        ("recipe.json", to_json(made.recipe)),
        ("onsets.json", named_onsets(made.recipe, songs)),
        ("licence.json", licence),
    ):
        (folder / name).write_text(text, encoding="utf-8")


def _ask(options: dict[str, Any]) -> dict[str, Any]:
    moods = {mood: options[mood] for mood in _MOODS}
    return moods | {
        "mode": options["mode"],
        "tempo_bpm": options["tempo"],
        "key": options["key"],
        "vocals": options["vocals"] == "on",
        "seconds": options["seconds"],
        "target_lufs": options["lufs"],
        "seed": options["seed"],
        "line": options["line"] or {"nets": "all", "rules": "none"}[options["compose"]],
    }


@contextmanager
def _made_whole(out: Path) -> Iterator[Path]:
    """A temporary folder that takes the place of `out` when the block ends well.

    A folder that was there is replaced; what is not ours in it is kept.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise CannotVary(f"{out} cannot be made: {error.strerror}.") from error
    try:
        folder = room / "new"
        folder.mkdir()
        yield folder
        old = room / "old"
        if out.exists():
            out.rename(old)
        folder.rename(out)
        for other in old.iterdir() if old.exists() else ():
            if other.name not in FILES:
                other.rename(out / other.name)
    finally:
        shutil.rmtree(room, ignore_errors=True)
