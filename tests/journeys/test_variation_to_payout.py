"""The whole story on real parts: stems go in, a listener asks and hears, the people in it earn.

Start here to see what the product is. Everything below happens over HTTP, through the forms on the
pages, with two render workers, a sweeper, PostgreSQL and Valkey; only the month's end is brought
forward, because the moment of closing is an argument. The same walk, on a whole song, is
`make demo CHECK=1`.
"""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from generation import recipe as recipes
from generation.variations.models import Segment, Variation, VariationFile
from licensing.attribution.models import AttributionLine, LicenceRecord
from licensing.audit.models import Fact
from licensing.catalog.store import audio_store
from licensing.ledger.queries import trial_balance
from licensing.royalties.models import StatementLine, Usage
from portal.demo.checking import Outcome, attribution, check, faults, micros
from portal.demo.visitor import VisitFailed, Visitor
from tests.oracles.loudness import assert_holds
from tests.processes import Processes

pytestmark = pytest.mark.xdist_group("product")


def _walk(processes: Processes, stems: Path) -> Outcome:
    said: list[str] = []
    return check(processes.address, Path(settings.VAR_DIR), stems, said.append)


def test_from_the_first_stem_to_the_last_micro_unit(processes: Processes, stems: Path) -> None:
    outcome = _walk(processes, stems)
    assert faults(outcome) == []
    _sound_is_the_recipes(outcome)
    _shares_are_the_records(outcome)
    _money_follows_sound(outcome)
    _nothing_happened_in_the_dark()
    _a_stranger_sees_nothing(processes.address, outcome)


def _sound_is_the_recipes(outcome: Outcome) -> None:
    """What was heard is one variation, whole, stored once, under the recipe's hash."""
    variation = Variation.objects.get()
    plan = recipes.from_json(variation.recipe)
    assert variation.state == "READY"
    assert recipes.sha256_of(plan) == variation.recipe_sha256
    assert outcome.heard.samples == plan.length
    assert Segment.objects.count() == recipes.piece_count(plan) == outcome.heard.pieces
    assert outcome.heard.before_ready > 0


def _shares_are_the_records(outcome: Outcome) -> None:
    record = LicenceRecord.objects.get()
    lines = {line.stem.label: line.ppm for line in AttributionLine.objects.all()}
    assert record.state == "SEALED"
    assert record.recipe_sha256 == Variation.objects.get().recipe_sha256
    assert lines == attribution(outcome)
    with audio_store().open(VariationFile.objects.get(format="flac").name) as stored:
        assert_holds(stored.read(), record.reached_lufs)


def _money_follows_sound(outcome: Outcome) -> None:
    """60 to 40 on both sides, to the micro-unit; the books balance; the play counted once."""
    earned = {name: micros(one["earned"]) for name, one in outcome.statements.items()}
    assert abs(earned["Ines Maravel"] - outcome.pool_micros * 6 / 10) <= len(attribution(outcome))
    assert sum(earned.values()) == outcome.pool_micros
    assert list(Usage.objects.values_list("state", flat=True)) == ["COUNTED"]
    assert trial_balance().differences() == {"EUR": 0}
    rights = Counter(StatementLine.objects.values_list("right", flat=True))
    assert set(rights) == {"MASTER", "PUBLISHING"}


def _nothing_happened_in_the_dark() -> None:
    verbs = set(Fact.objects.values_list("verb", flat=True))
    assert verbs >= {
        "create_recording",
        "sign_sheet",
        "agree_split_sheet",
        "request_variation",
        "close_period",
    }


def _a_stranger_sees_nothing(address: str, outcome: Outcome) -> None:
    stranger = Visitor(address)
    for path in (outcome.heard.variation, f"{outcome.heard.variation}licence/", "/artists/"):
        assert "/account/login/" in stranger.get(path).url
    statement = next(iter(outcome.statements.values()))["statement"]
    page = stranger.get(f"/artists/earnings/statements/{statement}.json")
    assert "/account/login/" in page.url
    with pytest.raises(VisitFailed, match=r"answered 40[34]"):
        stranger.post(f"{outcome.heard.variation}play/")
