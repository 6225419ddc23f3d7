"""What everything that makes statement lines says alike: their columns, and the key of a line.

A random key for each of a million lines is a million reads of randomness, and no order. A line's
key is its statement's, which is random enough, with its position in the last twelve digits; the
database refuses any other.
"""

LINES = "royalties_statementline"
_OF_ONE = {
    "id": "uuid",
    "statement_id": "uuid",
    "position": "int",
    "variation_sum_id": "bigint",
    "plays": "bigint",
    "source_micros": "bigint",
    "right_micros": "bigint",
    "amount_micros": "bigint",
    "other_micros": "bigint",
    "batch": "bigint",
}
_OF_SOURCE = {
    "record_id": "uuid",
    "kind": "text",
    "played_month": "date",
    "stem_id": "uuid",
    "recording_title": "text",
    "stem_label": "text",
    "source_ppm": "int",
}
_OF_HOLDER = {"right": "text", "sheet_id": "uuid", "party_id": "uuid", "share_ppm": "int",
              "note": "text"}  # fmt: skip
_OF_OTHERS = {"posting_id": "bigint", "corrects_id": "uuid"}
_TYPES = _OF_ONE | _OF_SOURCE | _OF_HOLDER | _OF_OTHERS
COLUMNS = tuple(f'"{name}"' for name in _TYPES)
"""In the order in which lines are written: what each line has for itself, what all lines of a
source have in common, what those of a holder have, and what lines of earnings leave empty."""
FIELDS_SENT = len(COLUMNS) - len(_OF_ONE)
"""Columns that no line has for itself."""


def selected(of: str, **said: str) -> str:
    """SELECT whole lines, each column as it is said; one that is not is empty, 0, or NULL where it
    names something.
    """
    return _select(_TYPES, of, said)


def selected_of_sources(of: str, **said: str) -> str:
    """SELECT what lines of a source have in common."""
    return _select(_OF_SOURCE, of, said)


def selected_of_holders(of: str, **said: str) -> str:
    """SELECT what lines of a holder have in common."""
    return _select(_OF_HOLDER, of, said)


def line_key(statement: str, position: str) -> str:
    """The key of the line at a position of a statement."""
    return f"(left({statement}::text, 24) || lpad(to_hex({position}), 12, '0'))::uuid"


def _select(types: dict[str, str], of: str, said: dict[str, str]) -> str:
    columns = (f"({said.get(name) or _nothing(name, type_)})::{type_}"
               for name, type_ in types.items())  # fmt: skip
    return f"SELECT {', '.join(columns)} FROM {of}"


def _nothing(name: str, type_: str) -> str:
    if name.endswith("_id"):
        return "NULL"
    return "''" if type_ == "text" else "0"
