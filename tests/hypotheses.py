"""How long tests look for what nobody thought of: profiles of Hypothesis, and walks of machines.

`HYPOTHESIS_PROFILE=long` (or `--hypothesis-profile=long`) looks many times longer; every test that
can asks here. It knows Hypothesis, nothing of the product. Invariant: a walk ends after its steps
or its seconds, never before either.
"""

import os
import time
from collections.abc import Callable
from random import Random, SystemRandom

from hypothesis import HealthCheck, core, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

USUAL, LONG = "stemma", "long"


def register_profiles() -> None:
    """Make both profiles known and take the one that the environment names."""
    # How long a draw takes says how busy the machine is, not whether the code is right.
    settings.register_profile(USUAL, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile(LONG, parent=settings.get_profile(USUAL))
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", USUAL))


def in_every_run(usual: int, *, long: int) -> int:
    """The one number or the other, as the profile says."""
    return long if settings.get_current_profile_name() == LONG else usual


def walk(
    machine: type[RuleBasedStateMachine],
    *,
    steps: int,
    seconds: float,
    each: int = 50,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Let a machine take so many steps, `each` at a time from its beginning; how many it took.

    No walk is begun after `seconds`, so a slow machine takes fewer. What fails names its seed,
    which `--hypothesis-seed` takes.
    """
    taken, ends = 0, clock() + seconds
    forced = core.global_force_seed
    seeds = Random(SystemRandom().getrandbits(32))

    class Counted(machine):
        def __init__(self) -> None:
            nonlocal taken
            taken -= 1  # invariants are asked once before the first step
            super().__init__()

        @invariant()
        def one_step_more(self) -> None:
            nonlocal taken
            taken += 1

    Counted.__name__ = Counted.__qualname__ = machine.__name__
    while taken < steps and clock() < ends:
        number = seeds.getrandbits(32) if forced is None else forced
        try:
            run_state_machine_as_test(seed(number)(Counted), settings=_few(each))
        except BaseException as error:
            error.add_note(f"To walk it again: --hypothesis-seed={number}")
            raise
        if forced is not None:
            break
    return taken


def _few(each: int) -> settings:
    """Few walks between two looks at the clock."""
    return settings(
        max_examples=4,
        stateful_step_count=each,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
