"""Three addresses for machines: alive, ready, numbers.

They tell nothing about people or music. `readyz` is true only when the database answers with all
migrations applied and the broker takes a connection; `metrics` needs the token where one is set.
"""

import hmac

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET
from django_prometheus import exports
from kombu.exceptions import OperationalError

from portal.celery import app


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "ok"})


def _database_ready() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        connection.close()
        return False


def _broker_ready() -> bool:
    with app.connection_for_write(connect_timeout=2) as broker:
        try:
            broker.ensure_connection(max_retries=1, timeout=2)
        except (OperationalError, OSError):
            return False
    return True


@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when work can be done, else 503 and which part is missing."""
    parts = {"database": _database_ready(), "broker": _broker_ready()}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text. Where METRICS_TOKEN is set, `Authorization: Bearer` must carry it."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(token.encode(), given.encode()):
        return HttpResponse(status=404)
    return exports.ExportToDjangoView(request)
