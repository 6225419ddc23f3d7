"""Typed reading of the environment: a value is right, or the start fails with one sentence.

It knows no Django and no defaults of the product; those stand in settings.py.
"""

import os
from urllib.parse import parse_qsl, unquote, urlsplit


class BadEnvironment(ValueError):
    """A variable is missing or cannot be used; the message names it and says what is expected."""


def text(name: str, default: str | None = None) -> str:
    """The variable as text. Raises BadEnvironment when it is missing and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise BadEnvironment(f"{name} is not set, and production has no default for it.")
    return value


def path_or_none(name: str, default: str | None) -> str:
    """The variable as a path; "" where it says `none`. Raises BadEnvironment as `text` does."""
    value = text(name, default).strip()
    return "" if value.lower() == "none" else value


def flag(name: str, default: bool) -> bool:
    """The variable as yes or no: 1, true, yes, on / 0, false, no, off."""
    value = os.environ.get(name, "1" if default else "0").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadEnvironment(f"{name} is {value!r}; write 1 or 0.")


def whole(name: str, default: int, *, lowest: int = 0) -> int:
    """The variable as a whole number of at least `lowest`."""
    value = os.environ.get(name, str(default))
    try:
        number = int(value)
    except ValueError as error:
        raise BadEnvironment(f"{name} is {value!r}; write a whole number.") from error
    if number < lowest:
        raise BadEnvironment(f"{name} is {number}; the least is {lowest}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """The variable as a list, split at commas; empty parts are dropped."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def database(url: str, pool: int = 0) -> dict[str, object]:
    """Django's database entry for `postgresql://user:password@host:port/name?option=value`.

    A socket folder goes into the query: `postgresql://user@/name?host=/run/postgresql`. `pool`: at
    most so many connections of a process stay open for whoever comes next; 0: each is opened anew.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise BadEnvironment(
            "DATABASE_URL must begin with postgresql://; there is no other engine."
        )
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", parts.hostname or "")
    options: dict[str, object] = dict(query)
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": pool > 0,
    }
