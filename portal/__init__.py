"""Faces: everything that speaks HTTP. Naming the Celery app here lets any room ring by task
name.
"""

from portal.celery import app as celery

__all__ = ["celery"]
