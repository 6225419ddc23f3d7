"""`manage.py fit_taste`: learn the prior of taste anew from the listeners who share theirs, every
night.
"""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from generation.taste.fitting import fit_shared_prior


class Command(BaseCommand):
    """Safe to run twice: the same inputs are fitted once."""

    help = "Fit the shared prior of taste from the listeners who consent now."

    def handle(self, *args: Any, **options: Any) -> None:
        made = fit_shared_prior(now=timezone.now())
        self.stdout.write(
            f"Prior {made.pk} stands on {made.listeners} listeners, inputs {made.inputs_sha256}."
        )
