"""Where every micro-unit of every line is, as a plain dict says it: with payees, or contested.

It knows the words of the house (a percentage of the whole line, rounded down, the older dispute
first; what is left lies as it lay after the last decision) and none of its code but `allocate`.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from licensing.money import allocate
from tests.licensing.corrections.payout_steps import payee

WHOLE = 1_000_000
RIGHTS = (("MASTER", 1), ("PUBLISHING", 1))


@dataclass
class Contested:
    """An open dispute about a stem; the older one comes first."""

    opened_at: object
    pk: str
    stem: str
    ppm: int

    @property
    def place(self):
        return ("dispute", self.pk)


@dataclass
class Parcel:
    """What one line or one correction of it gave: micro-units by place."""

    month: object
    name: str
    stem: str
    lies: dict = field(default_factory=lambda: defaultdict(int))
    base: dict = field(default_factory=dict)


class Lines:
    """All parcels, open disputes, and the `moved` micro-units of each place, by the month that
    earned them, since asked last.
    """

    def __init__(self, weights, names):
        self.weights, self.names = weights, names
        self.parcels, self.open = {}, []
        self.moved = defaultdict(int)
        self.sums, self.gone = defaultdict(int), defaultdict(int)

    def since(self):
        moved, self.moved = self.moved, defaultdict(int)
        return moved

    def put(self, parcel, place, micros):
        parcel.lies[place] += micros
        self.moved[place, parcel.month] += micros

    # -- what comes --------------------------------------------------------------------------------

    def earn(self, key, name, stem, micros):
        """Contest what a line earned, or a correction gave; what nobody contests."""
        parcel = self.parcels[key] = Parcel(key[0], name, stem)
        left = micros
        for one in self.about(stem):
            part = min(left, micros * one.ppm // WHOLE)
            self.put(parcel, one.place, part)
            left -= part
        parcel.lies[payee(name)] += left
        parcel.base = dict(parcel.lies)
        return left

    def about(self, stem):
        found = [one for one in self.open if one.stem == stem]
        return sorted(found, key=lambda one: (one.opened_at, one.pk))

    def decide(self, dispute, awards):
        """Empty a dispute; what everybody gets, and of which months. `awards`: [(name, ppm)],
        nobody: it goes back. What it will get again of a line that is gone goes the same way.
        """
        self.open.remove(dispute)
        got, months = defaultdict(int), set()
        for parcel in self.parcels.values():
            there = parcel.lies[dispute.place]
            whose = awards or [(parcel.name, WHOLE)]
            if not there:
                for place, part in self.shares(parcel.base.pop(dispute.place, 0), whose).items():
                    parcel.base[place] = parcel.base.get(place, 0) + part
                continue
            self.put(parcel, dispute.place, -there)
            left = there
            others = self.about(parcel.stem)
            whole = there + sum(parcel.lies[one.place] for one in others)
            for one in others:
                wanted = whole * one.ppm // WHOLE - parcel.lies[one.place]
                part = max(0, min(left, wanted))
                self.put(parcel, one.place, part)
                left -= part
            months |= {parcel.month} if left else set()
            for place, part in self.shares(left, whose).items():
                parcel.lies[place] += part
                got[place] += part
            parcel.base = dict(parcel.lies)
        return got, months

    def shares(self, micros, awards):
        return shared(micros, {payee(name): ppm for name, ppm in awards})

    # -- what goes ---------------------------------------------------------------------------------

    def pay(self, month, micros, plays):
        """A payer's pool comes to the pieces; `plays`: [(the piece's key, times)]."""
        for piece, part in allocate(micros, plays).items():
            self.sums[month, self.names[piece]] += part

    def refund(self, month, receipt, plays, micros):
        """Take so much of the one pool that a receipt was; below zero it is won back."""
        left = receipt.pool_micros - self.gone[receipt.pk]
        before, after = allocate(left, plays), allocate(left - micros, plays)
        self.gone[receipt.pk] += micros
        for piece in before:
            self.take_of_piece(month, self.names[piece], before[piece] - after[piece])

    def take_of_piece(self, month, name, micros):
        left = self.sums[month, name] - self.gone[month, name]
        before, after = self.divided(name, left), self.divided(name, left - micros)
        self.gone[month, name] += micros
        for (stem, right), part in before.items():
            key = (month, name, stem, right, "")
            self.take(key, name, part - after[stem, right])

    def divided(self, name, micros):
        return {
            (stem, right): part
            for stem, of_stem in allocate(micros, self.weights[name]).items()
            for right, part in allocate(of_stem, RIGHTS).items()
        }

    def take(self, key, name, micros):
        parcel = self.parcels.get(key) or Parcel(key[0], name, "")
        total = sum(parcel.lies.values())
        part = min(micros, total)
        if any(parcel.base.values()):
            for place, stays in shared(total - part, parcel.base).items():
                self.put(parcel, place, stays - parcel.lies[place])
            micros -= part
        self.moved[payee(name), parcel.month] -= micros

    def correct(self, line, micros):
        """Take it of what corrections gave the line, the newest first, then of the line."""
        name = line[1]
        for key in [key for key in reversed(self.parcels) if key[:4] == line and key[4]]:
            part = min(micros, sum(self.parcels[key].lies.values()))
            self.take(key, name, part)
            micros -= part
        if micros:
            self.take((*line, ""), name, micros)


def shared(micros, weights):
    """By largest remainder, ties by the name of the place."""
    named = {":".join(place): place for place in weights}
    parts = allocate(micros, [(name, weights[place]) for name, place in named.items()])
    return {named[name]: part for name, part in parts.items()}
