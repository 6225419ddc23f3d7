"""What every query that writes statement lines says alike: where they go, and the key of a line.

A random key for each of a million lines is a million reads of randomness, and no order. A line's
key is its statement's, which is random enough, with its position in the last twelve digits; the
database refuses any other.
"""

LINES = "royalties_statementline"
BEGINS = "left({statement}::text, 24)"


def line_key(begins: str, position: str) -> str:
    """The key of the line at a position of the statement whose key `begins` so."""
    return f"({begins} || lpad(to_hex({position}), 12, '0'))::uuid"
