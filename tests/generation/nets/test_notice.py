"""What the licences of training data ask to be said stands where everybody finds it: in NOTICE."""

from pathlib import Path

from generation.nets import checkpoints, chosen

NOTICE = Path(__file__).resolve().parents[3] / "NOTICE"


def test_every_attribution_line_of_a_released_net_stands_in_the_notice() -> None:
    said = " ".join(NOTICE.read_text(encoding="utf-8").split())
    told = {
        data.attribution
        for choice in chosen.newest()
        for data in checkpoints.newest(choice.net).card.data
    }
    assert len(told) >= 3
    assert {line for line in told if line not in said} == set()
