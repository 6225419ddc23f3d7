"""`manage.py train_net NAME --data DIR`: train a net on this machine's CPU, into a draft.

The draft is a checkpoint whose card has no figures yet; nothing loads it for listeners before
`release_net` has measured it. Sound of the catalog among the data is refused unless its holders
permit training to this very version. The command stands in this room because a net is trained
where the device is owned, and `generation.nets` itself knows no Django.
"""

import platform
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.nets import checkpoints, registry
from generation.nets.cards import Training
from generation.worker.training_consent import permitted_for


class Command(BaseCommand):
    """Prints its progress line by line and ends with the path of the weights."""

    help = "Train a net from openly licensed data, on the CPU, into a draft checkpoint."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(registry.NETS))
        parser.add_argument("--data", type=Path, required=True, help="folder of the data files")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--as", type=int, dest="number", help="version; default: the next one")
        parser.add_argument(
            "--territory", default="", help="where it is trained, as DE; asked for stems alone"
        )
        parser.add_argument("--out", type=Path, help="folder for drafts; default: var/nets")

    def handle(self, *args: Any, **options: Any) -> None:
        # Nets this small learn no faster on two threads, and much slower where cores are shared.
        torch.set_num_threads(1)
        name = options["name"]
        known = checkpoints.versions(name)
        number = options["number"] or (known[-1] + 1 if known else 1)
        net = registry.find(name)
        permitted = permitted_for(
            net=name, version=number, folder=options["data"], territory=options["territory"]
        )
        began = time.process_time()
        try:
            made = net.train(options["data"], options["seed"], self.tell)
        except FileNotFoundError as error:
            raise CommandError(f"The data of the {name} net is not there: {error}") from error
        training = Training(net.plan, time.process_time() - began, _machine())
        card = replace(made.card, version=number, training=training, permitted=permitted)
        draft = checkpoints.Checkpoint(card, made.tensors)
        folder = options["out"] or Path(settings.BASE_DIR) / "var" / "nets"
        self.tell(str(checkpoints.save(draft, folder)))

    def tell(self, line: str) -> None:
        """One line of progress, seen at once."""
        self.stdout.write(line)
        self.stdout.flush()


def _machine() -> str:
    """The processor by name, and what learns on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"one thread of {processor}, torch {torch.__version__}"
