"""The stand-in as a process of the demo: months pass, banks pay, it rings by itself and remembers.

    python -m portal.demo.standin.living --port 8001 --ring URL --keep FILE

`STRIPE_WEBHOOK_SECRETS` of the environment is what it signs with. It refuses to know who is rung.
Invariants: events ring in the order they happened, each until it is taken; what was agreed outlives
the process.
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from portal.demo.standin.server import StandIn

EVERY_S = 0.5


class Life:
    """What happens at the stand-in without anybody calling. `heard`: events that were taken."""

    def __init__(self, standin: StandIn, ring: str, keep: Path) -> None:
        self.standin = standin
        self.ring = ring
        self.keep = keep
        self.heard = 0
        self._kept = b""
        if keep.exists():
            self._kept = keep.read_bytes()
            heard, state = self._kept[:8], self._kept[8:]
            self.heard = int.from_bytes(heard, "big")
            standin.board.take_up(state)

    def pass_by(self) -> None:
        """One round: what is due happens, what happened is told, and all of it is kept."""
        with self.standin.board.turn:
            self.standin.billing.pass_time()
            self.standin.books.mature()
            self.standin.books.banks_act()
        self._remember()
        self._tell()
        self._remember()

    def _tell(self) -> None:
        """Ring until the first event that is not taken; it rings again in the next round."""
        for event in self.standin.books.events[self.heard :]:
            try:
                (status,) = self.standin.deliver(self.ring, [event])
            except OSError:
                return
            if status != 200:
                sys.stderr.write(f"{event['type']} was answered with {status}\n")
                return
            self.heard += 1

    def _remember(self) -> None:
        state = self.heard.to_bytes(8, "big") + self.standin.board.state()
        if state == self._kept:
            return
        beside = self.keep.with_suffix(".new")
        beside.write_bytes(state)
        beside.replace(self.keep)
        self._kept = state


def main(arguments: list[str]) -> None:
    """Live until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="living", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ring", required=True, help="the address that takes events")
    parser.add_argument("--keep", type=Path, required=True, help="the file that remembers")
    given = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    secret = os.environ["STRIPE_WEBHOOK_SECRETS"].split(",")[0]
    with StandIn(secret=secret, port=given.port) as standin:
        life = Life(standin, given.ring, given.keep)
        while not stop.wait(EVERY_S):
            life.pass_by()


if __name__ == "__main__":
    main(sys.argv[1:])
