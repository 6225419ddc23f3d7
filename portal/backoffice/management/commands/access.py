"""`manage.py access`: who may decide at the desk; give it, take it, and look through it."""

import csv
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.accounts.powers import (
    POWERS,
    PowerRefused,
    give_power,
    list_holders,
    strangers_to_the_record,
    take_power,
)

_HEAD = ("login", "active", "powers", "second_factors", "last_login")


class Command(BaseCommand):
    """Without arguments a table as CSV, for whoever looks through it every quarter."""

    help = "Who may decide at the desk, as CSV; --give and --take change it, --check looks it over."

    def add_arguments(self, parser: CommandParser) -> None:
        deed = parser.add_mutually_exclusive_group()
        deed.add_argument("--give", choices=POWERS, help="what a login may do from now on")
        deed.add_argument("--take", choices=POWERS, help="what it may do no more")
        deed.add_argument("--check", action="store_true", help="fail where no fact gave a power")
        parser.add_argument("--to", help="the login's e-mail address")
        parser.add_argument("--because", default="", help="why; goes into the record")
        parser.add_argument("--by", default="command", help="who decided it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
        elif options["give"] or options["take"]:
            self._change(options)
        else:
            self._list()

    def _change(self, options: dict[str, Any]) -> None:
        if not options["to"]:
            raise CommandError("Name the login: --to somebody@example.org")
        deed, power = (give_power, options["give"]) if options["give"] else (
            take_power, options["take"]
        )  # fmt: skip
        try:
            user = deed(
                email=options["to"],
                power=power,
                because=options["because"],
                actor=options["by"],
                now=timezone.now(),
            )
        except PowerRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user.email}: {power} {'given' if options['give'] else 'taken'}.")

    def _list(self) -> None:
        table = csv.writer(self.stdout)
        table.writerow(_HEAD)
        for one in list_holders():
            last = f"{one.last_login:%Y-%m-%d}" if one.last_login else "never"
            table.writerow(
                (
                    *(one.email, "yes" if one.is_active else "no"),
                    *(" ".join(one.powers), " ".join(one.second_factors) or "none", last),
                )
            )

    def _check(self) -> None:
        unknown = strangers_to_the_record()
        if unknown:
            named = "; ".join(f"{email} holds {power}" for email, power in unknown)
            raise CommandError(
                f"No fact gave this: {named}. Take it, or give it on the record: "
                "manage.py access --give POWER --to ADDRESS --because WHY"
            )
        self.stdout.write(f"{len(list_holders())} logins hold powers; facts gave every one.")
