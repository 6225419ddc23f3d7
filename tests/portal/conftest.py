"""People and their things for tests of the faces, made by the operations that pages call."""

from datetime import UTC, datetime

import pytest
from whitenoise.middleware import WhiteNoiseMiddleware

from tests.processes import shared_processes
from tests.ringing import ringing

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def static_files_are_listed_once():
    """Every client begins its middleware anew, and looking at 400 files takes longest in it."""
    listed, look = {}, WhiteNoiseMiddleware.add_files_from_finders

    def add(middleware):
        if not listed:
            look(middleware)
            listed.update(middleware.files)
        middleware.files.update(listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add)
        yield


@pytest.fixture(scope="session")
def web(django_db_setup, tmp_path_factory):
    """A web server for one test after the other; nobody works behind it."""
    with shared_processes(tmp_path_factory.mktemp("web")) as processes:
        processes.web()
        yield processes


@pytest.fixture
def site(committed_db, browser, web):
    """The address of a web server, for a browser; what it rings is not heard."""
    with ringing(web.broker):
        yield web.address


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def make_user(db):
    """A user by first name; everybody's password is the same long phrase."""
    from portal.accounts.models import User

    def make(name, **given):
        return User.objects.create_user(
            f"{name.lower()}@example.org", "tape organ at low tide", display_name=name, **given
        )

    return make


@pytest.fixture
def make_party(db):
    from licensing.catalog.models import Party

    def make(name):
        return Party.objects.create(name=name, created_at=NOW)

    return make


@pytest.fixture
def join(db):
    """Gives a user a role in a party."""
    from portal.accounts.models import Membership

    def make(user, party, role="ADMIN"):
        return Membership.objects.create(user=user, party=party, role=role, created_at=NOW)

    return make


@pytest.fixture
def make_recording(db):
    """A recording with its work, and stems that are ready but have no audio behind them."""
    from licensing.catalog.models import AudioObject, Recording, Stem, Work

    def make(party, title="Kelp Lantern", stems=()):
        work = Work.objects.create(title=title, created_at=NOW)
        recording = Recording.objects.create(title=title, party=party, work=work, created_at=NOW)
        for position, (label, role) in enumerate(stems, 1):
            digest = f"{position:02x}" * 16 + recording.id.hex
            audio = AudioObject.objects.create(
                digest=digest, frames=48_000 * 60, original_sha256=digest, original_bytes=1,
                archive_name=f"archive/{digest}", original_name=f"original/{digest}",
                created_at=NOW,
            )  # fmt: skip
            Stem.objects.create(
                recording=recording, party=party, audio=audio, label=label, role=role,
                position=position, state="READY", created_at=NOW,
            )  # fmt: skip
        return recording

    return make
