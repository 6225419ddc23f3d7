"""Middleware is called in one thread: Django sends none of it to another and back."""

import logging

from django.core.handlers.base import BaseHandler
from django.test import override_settings


def test_the_last_middleware_alone_is_adapted_to_an_asynchronous_server(caplog):
    with override_settings(DEBUG=True), caplog.at_level(logging.DEBUG, "django.request"):
        logging.getLogger("django.request").addHandler(caplog.handler)
        try:
            BaseHandler().load_middleware(is_async=True)
        finally:
            logging.getLogger("django.request").removeHandler(caplog.handler)
    told = {line for line in caplog.messages if "adapted for middleware" in line}
    assert told == {"Asynchronous handler adapted for middleware portal.one_thread.InOneThread."}
