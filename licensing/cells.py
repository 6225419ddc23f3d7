"""Cells of files that people open in a spreadsheet.

Titles and names are other people's text: a cell that would run as a formula begins with an
apostrophe instead (OWASP, CSV injection). Invariant: a number stays a number.
"""

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> object:
    """The value as it may stand in a file; None is empty."""
    if isinstance(value, str) and value.startswith(_DANGEROUS) and not _is_number(value):
        return "'" + value
    return "" if value is None else value


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()
