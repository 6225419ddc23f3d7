"""The doorbell: Celery carries "there is work", never the work itself (the rows are the queue).

It knows task names only; what they do stands in the rooms. A lost or doubled ring is harmless.
"""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("stemma")
app.config_from_object(
    {
        "task_ignore_result": True,
        "task_acks_late": False,
        "worker_prefetch_multiplier": 1,
        # A queue for each worker beside the one for all: who has something at hand is rung itself.
        "worker_direct": True,
        "broker_connection_retry_on_startup": True,
        # Between two bells a worker gives its connection back itself; see `generation.worker.bell`.
        "CELERY_DB_REUSE_MAX": 100_000,
        "worker_send_task_events": False,
        # A fresh process compiles its kernels before it says that it is up.
        "worker_proc_alive_timeout": 300,
        "worker_hijack_root_logger": False,
        "broker_transport_options": {
            "visibility_timeout": 3600,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            # Who rings and finds nobody goes on at once: the sweeper rings again. Six seconds of
            # trying would be a page's six seconds. Workers come back by a rule of their own.
            "max_retries": 0,
        },
    }
)


@setup_logging.connect
def _leave_logging_alone(**_: object) -> None:
    """Being listened to, Celery sets no level and no format: the settings' JSON lines hold."""


@app.on_configure.connect
def _read_broker(sender: Celery, **_: object) -> None:
    from django.conf import settings

    sender.conf.broker_url = settings.BROKER_URL


app.autodiscover_tasks(["generation.worker"], related_name="bell")
