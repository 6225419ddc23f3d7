"""`manage.py try_external_net --words calm,pad --out FILE`: open the external net, hear it once.

Prints its terms first. What comes out is a file for the operator's ears: no record, no licence, no
attribution beyond "conditioning only".
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.engine.codecs import encode_flac
from generation.nets.external.opening import open_external
from generation.nets.external.values import WORDS, ExternalNetError, ExternalPlan, Task


class Command(BaseCommand):
    """Says in one sentence why a net cannot be opened."""

    help = "Open the external net of the settings and write a few seconds of it to a FLAC file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--words", required=True, help=f"of {', '.join(sorted(WORDS))}")
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--seconds", type=float, default=8.0)
        parser.add_argument("--tempo", type=float, default=0.0, help="beats a minute; 0: free")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.EXTERNAL_NET_DIR
        try:
            words = tuple(options["words"].split(","))
            plan = ExternalPlan(Task.WORDS, options["seconds"], words, options["tempo"])
            net = open_external(
                settings.EXTERNAL_NET,
                Path(folder) if folder else None,
                is_commercial=settings.COMMERCIAL,
            )
            self.stdout.write(f"Licence: {net.licence}. {net.training_data_note}")
            self.stdout.write(f"It can make sound {', '.join(sorted(net.capabilities))}.")
            sound = net.generate(plan, (), options["seed"])
        except ExternalNetError as error:
            raise CommandError(str(error)) from error
        options["out"].write_bytes(encode_flac(sound.audio))
        self.stdout.write(f"{options['out']}: {plan.seconds:g} s, {sound.note}.")
