"""django-hordak posting journal entries, for `royalties.py`; runs in `.venv-peers` alone.

Reads entries as JSON lines ([[account, side, micros], ...] each), opens the accounts, then posts
one transaction per entry as its guide does, its legs by one bulk insert, and prints the seconds
that took. Called with a database URL and a file.
"""

import json
import sys
import time
from pathlib import Path

import django
from django.conf import settings


def main(url: str, file: Path) -> None:
    """Post everything in the file; prints seconds per entry and the number of entries."""
    import dj_database_url

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DATABASES={"default": dj_database_url.parse(url)},
        HORDAK_DECIMAL_PLACES=6,
        HORDAK_MAX_DIGITS=20,
        DEFAULT_CURRENCY="EUR",
        CURRENCIES=["EUR"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    print(json.dumps({"entries": len(entries), "seconds": posted(entries)}))


def posted(entries: list[list[tuple[str, str, int]]]) -> float:
    """Seconds that posting took, accounts being open already."""
    from decimal import Decimal

    from django.db import transaction
    from hordak.models import Account, AccountType, Leg, Transaction
    from moneyed import Money

    accounts = {
        name: Account.objects.create(name=name, type=AccountType.liability, currencies=["EUR"])
        for name in sorted({line[0] for entry in entries for line in entry})
    }
    begun = time.perf_counter()
    for entry in entries:
        with transaction.atomic():
            made = Transaction.objects.create()
            Leg.objects.bulk_create(
                Leg(
                    transaction=made,
                    account=accounts[name],
                    **{side: Money(Decimal(micros).scaleb(-6), "EUR")},
                )
                for name, side, micros in entry
            )
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
