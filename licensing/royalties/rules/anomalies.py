"""Which plays look odd, how much, and why in words; values only.

It refuses to know rows, money and who is guilty: a score asks a person to look. Invariant: points
are whole and only add up, so a further sign never makes a play look better, and a play is held only
from `HELD_FROM_PPM` on. `scoring_sql` says the same over a month of millions.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

Who = tuple[str, str]
"""(kind, ref)"""

MANY = "client"
"""A kind of listener behind which many people play: what one person could do says nothing of it."""
HELD_FROM_PPM = 800_000


@dataclass(frozen=True, slots=True)
class Reason:
    """A sign: what it adds to a score of 1,000,000 ppm at most, and what an artist is told."""

    points_ppm: int
    words: str


REASONS = {
    "REPEATS": Reason(800_000, "the same piece over and over"),
    "SOUND": Reason(1_000_000, "more sound in a day than a day has"),
    "CLOCK": Reason(800_000, "around the clock without a pause"),
    "ONE_PARTY": Reason(800_000, "one artist alone, faster than anybody listens"),
    "CLUSTER": Reason(500_000, "many accounts of one payer that play alike"),
    "JUMP": Reason(300_000, "a sudden jump of this recording"),
}
"""False alarms: fans loop pieces, families and shops share a list, a release jumps. So repeats are
held far out only, and a cluster or a jump never alone, but together.
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a sign begins; every number has its reason.

    repeats: plays of one piece in the day before. 200 pieces of three minutes are ten hours of one
      song; those before the bound stay counted.
    sound_of_day: a day and a tenth, as for clocks that differ; what is reported honestly cannot
      pass it, because reports of one person are weighed against each other as they come.
    pause, without_pause: a person sleeps, or the player stops; music left on through a night and
      played all day makes 16 hours.
    party_plays: 400 plays of one artist alone are twenty hours of three-minute pieces; whoever gets
      there in less skips after half a minute.
    cluster_*: so many listeners of one payer, with so many plays each, whose most played records
      are the same ones. Partners and families have several listeners; five with the same ten are
      rare unless one program plays for all.
    jump_*: at least so many plays in a day, and so many times its mean of the days before; below a
      thousand plays a jump is an evening's luck.
    """

    repeats: int = 200
    sound_of_day: timedelta = timedelta(hours=26, minutes=24)
    pause: timedelta = timedelta(minutes=30)
    without_pause: timedelta = timedelta(hours=20)
    party_plays: int = 400
    cluster_listeners: int = 5
    cluster_plays: int = 100
    cluster_top: int = 10
    jump_plays: int = 1_000
    jump_times: int = 10
    jump_days: int = 7


BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One play as scored; `repeats`: plays of the piece by the same listener in the day before.

    `parties` and `recordings`: whose, and which, the sources of its record are.
    """

    id: int
    listener: Who
    payer: Who
    record: str
    parties: frozenset[str]
    recordings: frozenset[str]
    played_at: datetime
    heard_ms: int
    repeats: int

    @property
    def day(self) -> date:
        """The day it was played, UTC."""
        return self.played_at.astimezone(UTC).date()


def score_of(reasons: Iterable[str]) -> int:
    """What these signs amount to, in ppm: their points together, 1,000,000 at most."""
    return min(1_000_000, sum(REASONS[reason].points_ppm for reason in set(reasons)))


def is_held(reasons: Iterable[str]) -> bool:
    """Whether so many signs hold a play until a person decides."""
    return score_of(reasons) >= HELD_FROM_PPM


def in_words(reasons: Iterable[str]) -> str:
    """What an artist is told of these signs, in the order of their codes."""
    return "; ".join(REASONS[reason].words for reason in sorted(set(reasons)))


def signs_of(plays: Sequence[Evidence], bounds: Bounds = BOUNDS) -> dict[int, frozenset[str]]:
    """The signs on each play that has any, by its id."""
    persons = [play for play in plays if play.listener[0] != MANY]
    found: dict[int, set[str]] = defaultdict(set)
    for reason, ids in (
        ("REPEATS", (play.id for play in persons if play.repeats >= bounds.repeats)),
        ("SOUND", _too_much_sound(persons, bounds)),
        ("CLOCK", _without_pause(persons, bounds)),
        ("ONE_PARTY", _one_party(persons, bounds)),
        ("CLUSTER", _clusters(persons, bounds)),
        ("JUMP", _jumps(plays, bounds)),
    ):
        for pk in ids:
            found[pk].add(reason)
    return {pk: frozenset(reasons) for pk, reasons in found.items()}


def _days(plays: Iterable[Evidence]) -> Iterator[list[Evidence]]:
    """Each listener's plays of each day."""
    days: dict[tuple[Who, date], list[Evidence]] = defaultdict(list)
    for play in plays:
        days[play.listener, play.day].append(play)
    yield from days.values()


def _too_much_sound(plays: Iterable[Evidence], bounds: Bounds) -> Iterator[int]:
    for day in _days(plays):
        if timedelta(milliseconds=sum(play.heard_ms for play in day)) > bounds.sound_of_day:
            yield from (play.id for play in day)


def _without_pause(plays: Iterable[Evidence], bounds: Bounds) -> Iterator[int]:
    runs: dict[Who, list[list[Evidence]]] = defaultdict(list)
    for play in sorted(plays, key=lambda one: (one.played_at, one.id)):
        mine = runs[play.listener]
        if mine and play.played_at - mine[-1][-1].played_at <= bounds.pause:
            mine[-1].append(play)
        else:
            mine.append([play])
    for run in (run for mine in runs.values() for run in mine):
        if run[-1].played_at - run[0].played_at > bounds.without_pause:
            yield from (play.id for play in run)


def _one_party(plays: Iterable[Evidence], bounds: Bounds) -> Iterator[int]:
    for day in _days(plays):
        parties = frozenset[str]().union(*(play.parties for play in day))
        if len(day) >= bounds.party_plays and len(parties) == 1:
            yield from (play.id for play in day)


def _clusters(plays: Iterable[Evidence], bounds: Bounds) -> Iterator[int]:
    lists: dict[tuple[Who, Who], list[Evidence]] = defaultdict(list)
    for play in plays:
        lists[play.payer, play.listener].append(play)
    alike: dict[tuple[Who, frozenset[str]], list[list[Evidence]]] = defaultdict(list)
    for (payer, _), heard in lists.items():
        if len(heard) >= bounds.cluster_plays:
            counts = Counter(play.record for play in heard)
            most = sorted(counts, key=lambda record: (-counts[record], record))
            alike[payer, frozenset(most[: bounds.cluster_top])].append(heard)
    for cluster in alike.values():
        if len(cluster) >= bounds.cluster_listeners:
            yield from (play.id for heard in cluster for play in heard)


def _jumps(plays: Sequence[Evidence], bounds: Bounds) -> Iterator[int]:
    counts = Counter((recording, play.day) for play in plays for recording in play.recordings)
    jumped = set()
    for (recording, day), count in counts.items():
        before = (day - timedelta(days=back + 1) for back in range(bounds.jump_days))
        earlier = sum(counts[recording, one] for one in before)
        if count >= bounds.jump_plays and count * bounds.jump_days > bounds.jump_times * earlier:
            jumped.add((recording, day))
    for play in plays:
        if any((recording, play.day) in jumped for recording in play.recordings):
            yield play.id
