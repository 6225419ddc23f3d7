"""The whole product on parts of its own, and a studio to ask variations of.

It is started once for all journeys that want it, so they go to one worker of the run: they carry
the mark `xdist_group("product")`.
"""

import pytest
import soundfile

from generation.work.models import Job
from generation.work.rules import OPEN, State
from portal.demo.song import lanterns
from portal.demo.standin.server import StandIn
from tests.processes import shared_processes
from tests.ringing import ringing
from tests.waiting import wait_until

RATE = 48_000


@pytest.fixture(scope="package")
def stems(tmp_path_factory):
    """The chorus of the demo's piece in a folder of its name: four stems of eight bars."""
    folder = tmp_path_factory.mktemp("song") / "paper lanterns"
    folder.mkdir()
    bar = 4 * 60 / lanterns.BPM
    start, end = (round(number * bar * RATE) for number in (lanterns.CHORUS, lanterns.BRIDGE))
    for name in ("bass", "drums", "keys", "plucks"):
        sound = lanterns.STEMS[name]()[:, start:end]
        path = folder / f"{name}.flac"
        soundfile.write(path, sound.T, RATE, subtype="PCM_24", format="FLAC")
    return folder


@pytest.fixture(scope="package")
def product(django_db_setup, tmp_path_factory):
    """Two workers, the sweeper and the web server, for one journey after the other."""
    with shared_processes(tmp_path_factory.mktemp("product")) as processes:
        processes.product()
        yield processes


@pytest.fixture
def processes(committed_db, product):
    """The product, all of it alive, on an empty database; at the end nobody is at work."""
    product.revive()
    with ringing(product.broker):
        yield product
        wait_until(_nobody_works)


def _nobody_works():
    """What waits is taken away, so that it ends with what is in hand."""
    Job.objects.filter(state=State.WAITING).delete()
    return not Job.objects.filter(state__in=OPEN).exists()


@pytest.fixture
def provider(db, settings):
    with StandIn() as standin:
        settings.STRIPE_SECRET_KEY = "sk_test_standin"
        settings.STRIPE_API_BASE = standin.address
        settings.STRIPE_WEBHOOK_SECRETS = [standin.secret]
        yield standin
