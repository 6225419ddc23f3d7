"""The client's file name, as text only: it names nothing on disk, and is still not shown unchecked.

Pure. Invariant: a name that passes has no path, no control sign, no sign that reverses the reading
direction, and at most 200 characters.
"""

import unicodedata

NAME_MAX = 200
_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


class HostileName(ValueError):
    """A file name that is not taken; the message is one sentence for a person."""


def clean_name(name: str) -> str:
    """`name` in Unicode NFC, without surrounding blanks; raises HostileName."""
    text = unicodedata.normalize("NFC", name).strip()
    if not text or text in (".", ".."):
        raise HostileName("The file has no name.")
    if len(text) > NAME_MAX:
        raise HostileName(f"The file name is longer than {NAME_MAX} characters.")
    if "/" in text or "\\" in text:
        raise HostileName("The file name holds a path.")
    if any(unicodedata.category(sign) in ("Cc", "Cs") or sign in _REVERSING for sign in text):
        raise HostileName("The file name holds signs that cannot be shown.")
    return text
