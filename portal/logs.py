"""Logs as JSON lines: one per request or job, with an id, and no personal data.

What is logged is a route name, a status and a duration; never a path (it may carry a token), a
user, an address or a form's content. Invariant: every line of one request carries the same
`request_id`, every line of one job its id and kind.
"""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

_CHAIN: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# What PostgreSQL adds to a fault: the values of the row that broke a rule, perhaps an address.
_VALUES = re.compile(r"^(?:DETAIL|CONTEXT|HINT): .*\n?", re.MULTILINE)
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")


def without_values(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A fault as type, place and sentence, without the values of the row it happened to."""
    if "exception" in event:
        event["exception"] = _VALUES.sub("", str(event["exception"]))
    return event


class RoutesForPaths(logging.Filter):
    """Django's own lines about a request name its path; they name its route here."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            route = _route(request)
            record.args = tuple(route if one == request.path else one for one in record.args)
        return True


def logging_settings(level: str) -> dict[str, Any]:
    """The logging configuration: every logger, ours or a library's, writes JSON to stderr."""
    structlog.configure(
        processors=[*_CHAIN, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _CHAIN,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    without_values,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "filters": {"routes": {"()": RoutesForPaths}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["routes"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"level": "WARNING"},
            # Below ERROR it says again what our own line says.
            "django.request": {"level": "ERROR"},
            "axes": {"level": "CRITICAL"},
            "celery": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},
        },
    }


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.view_name or match.route) if match else "none"


class RequestLogMiddleware:
    """Gives each request an id (a well-formed `X-Request-ID` is kept) and logs its end."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.log = structlog.get_logger("portal.request")
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self.is_async:
            return self._call_async(request)
        began = self._begin(request)
        return self._end(request, self.get_response(request), began)

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        began = self._begin(request)
        return self._end(request, await self.get_response(request), began)

    def _begin(self, request: HttpRequest) -> float:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        return time.perf_counter()

    def _end(self, request: HttpRequest, response: HttpResponse, began: float) -> HttpResponse:
        spent = round((time.perf_counter() - began) * 1000)
        bound = structlog.contextvars.get_contextvars()
        response.headers["X-Request-ID"] = bound.get("request_id", "")
        level = logging.ERROR if response.status_code >= 500 else logging.INFO
        self.log.log(
            level,
            "request",
            method=request.method,
            route=_route(request),
            status=response.status_code,
            duration_ms=spent,
        )
        return response
