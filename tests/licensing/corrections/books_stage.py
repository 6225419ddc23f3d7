"""On what the walks of the books play: two pieces, two payees, and accounts where they are paid."""

from tests.licensing.corrections.payout_steps import NAMES, payee
from tests.licensing.royalties import small_world as world

WHOLE = 1_000_000


class Stage:
    """Ana's piece of one stem and Cleo's of two, and accounts where both can be paid."""

    def __init__(self, purse):
        self.purse = purse
        made = {
            "Ana": world.recording("Tide", master={"Ana": WHOLE}, publishing={"Ana": WHOLE}),
            "Cleo": world.recording(
                "Lamp", master={"Cleo": WHOLE}, publishing={"Cleo": WHOLE}, stems=2
            ),
        }
        ppm = {"Ana": [WHOLE], "Cleo": [600_000, 400_000]}
        self.stems = {name: [str(stem.pk) for stem in of] for name, of in made.items()}
        self.weights = {n: list(zip(self.stems[n], ppm[n], strict=True)) for n in NAMES}
        self.pieces = {
            name: world.record(name, list(zip(made[name], ppm[name], strict=True)))
            for name in NAMES
        }
        for name in NAMES:
            purse.onboard(payee(name))
        self.provider = purse.standin.board.state()
