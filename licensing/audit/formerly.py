"""The text a function had before a migration made it anew, so that the way back restores it.

Used by migrations alone. The text stands where it was written first, in an earlier migration, and
is read from there in both directions. Invariant: what is not found stops the migration when it is
loaded, not when somebody has to go back.
"""

import re
from importlib import import_module

GUARD = "ALTER FUNCTION {name}() SET search_path = public, pg_temp;\n"


def former(migration: str, constant: str, function: str, *, is_guarded: bool = False) -> str:
    """SQL that gives a function the text it has in a constant of an earlier migration.

    `migration` is "app.name"; `is_guarded` where 0002 of the audit had said its path of schemas.
    Raises LookupError where the constant has no such function.
    """
    app, name = migration.split(".")
    text = getattr(import_module(f"licensing.{app}.migrations.{name}"), constant)
    found = re.search(rf"CREATE (?:OR REPLACE )?(FUNCTION {function}\(.*?\$\$;\n)", text, re.DOTALL)
    if found is None:
        raise LookupError(f"{constant} of {migration} makes no function {function}.")
    guard = GUARD.format(name=function) if is_guarded else ""
    return f"CREATE OR REPLACE {found[1]}{guard}"
