"""`manage.py release_net NAME --data DIR`: measure a draft, print its baselines, release it.

Every figure and every baseline comes from the net's own `measure` on the test split, and of a net
whose answers are settings of the engine from the engine's sound as well. A draft that misses a
threshold, or of which nobody knows how it was trained, is refused and stays where it is; so is one
that learned from stems whose holders do not permit that to this version at this moment. A version
that is released is never replaced: recipes name it.
"""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.nets import cards, checkpoints, registry
from generation.nets.cards import Figure
from generation.nets.checkpoints import Checkpoint
from generation.nets.registry import Net, Tell
from generation.worker.training_consent import permitted_for

# Nets that are heard too; a net itself knows no engine, so this stands above both.
HEARD = {"mix": "generation.compose.hearing.measuring"}


class Command(BaseCommand):
    """Exit status 1 when a threshold is missed; then nothing was written."""

    help = "Measure a draft checkpoint beside its baselines, and release it if it is good enough."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(registry.NETS))
        parser.add_argument("--data", type=Path, required=True, help="folder of the data files")
        parser.add_argument("--checkpoint", type=Path, help="weights; default: the newest draft")
        parser.add_argument(
            "--territory", default="", help="where it serves, as DE; asked for stems alone"
        )
        parser.add_argument("--into", type=Path, default=checkpoints.RELEASED)

    def handle(self, *args: Any, **options: Any) -> None:
        torch.set_num_threads(1)
        net = registry.find(options["name"])
        try:
            draft = checkpoints.load_draft(options["checkpoint"] or _newest_draft(net.name))
            permitted = permitted_for(
                net=net.name,
                version=draft.card.version,
                folder=options["data"],
                territory=options["territory"],
                learned=draft.card.permitted,
            )
            figures = _measured(net, draft, options["data"], self.stdout.write)
        except (checkpoints.CheckpointError, FileNotFoundError) as error:
            raise CommandError(str(error)) from error
        figures = cards.gated(figures, net.thresholds)
        self.stdout.write("\n".join(_row(one) for one in figures))
        fallen = cards.missed(figures, net.thresholds)
        if fallen:
            raise CommandError(f"Not released: {'; '.join(fallen)}.")
        card = replace(draft.card, figures=figures, permitted=permitted)
        lacking = cards.problems(card)
        if lacking:
            raise CommandError(f"Not released: its card lacks {'; '.join(lacking)}.")
        if checkpoints.path_of(options["into"], card.net, card.version).exists():
            raise CommandError(f"{card.net} {card.version} is released already.")
        path = checkpoints.save(checkpoints.Checkpoint(card, draft.tensors), options["into"])
        checkpoints.load(path)
        self.stdout.write(f"Released {path}")


def _measured(net: Net, draft: Checkpoint, data: Path, tell: Tell) -> tuple[Figure, ...]:
    """Every figure of `draft`; what is heard first, because it says at once when it cannot be."""
    heard: tuple[Figure, ...] = ()
    if net.name in HEARD:
        heard = import_module(HEARD[net.name]).on_sound(draft, data, tell)
    return (*net.measure(draft, data, tell), *heard)


def _newest_draft(name: str) -> Path:
    folder = Path(settings.BASE_DIR) / "var" / "nets"
    found = checkpoints.versions(name, folder)
    if not found:
        raise CommandError(f"There is no draft of the {name} net; train_net makes one.")
    return checkpoints.path_of(folder, name, found[-1])


def _row(one: Figure) -> str:
    """A figure, what it must reach, and its baselines."""
    reach = "" if one.reach is None else f" {'>=' if one.is_floor else '<='} {one.reach:g}"
    verdict = "" if one.reach is None else " met" if one.is_met else " MISSED"
    beside = "".join(f", {name} {value:.3f}" for name, value in (one.baselines or {}).items())
    return f"{one.name}: {one.reached:.4g} {one.unit}{reach}{verdict}{beside} {one.note}".rstrip()
