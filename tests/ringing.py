"""Which broker this process rings: a test's own, or the one that a running product listens to."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.test import override_settings


@contextmanager
def ringing(url: str) -> Iterator[None]:
    """`portal.celery.app` and the settings name the broker at `url` meanwhile."""
    from portal.celery import app

    previous = app.conf.broker_url
    app.conf.broker_url = url
    _forget_connections()
    try:
        with override_settings(BROKER_URL=url):
            yield
    finally:
        app.conf.broker_url = previous
        _forget_connections()


def _forget_connections() -> None:
    """Let Celery open new connections: its pools keep the address they were made for."""
    from kombu import pools

    from portal.celery import app

    app.close()
    app.__dict__.pop("amqp", None)
    pools.reset()
