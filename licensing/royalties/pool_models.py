"""The models by which a month's pools may reach what was played in it, by name."""

from django.db import models


class Model(models.TextChoices):
    """How the pools of a month reach what was played in it."""

    USER_CENTRIC = "USER_CENTRIC", "each listener's money goes to what that listener played"
    PRO_RATA = "PRO_RATA", "all money in one pot, divided by plays"
