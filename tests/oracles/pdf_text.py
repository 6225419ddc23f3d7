"""Reads the text of a PDF by ISO 32000-1 alone: streams (7.4), strings (7.3.4), ToUnicode (9.10.3).

Enough for pages of text in embedded TrueType subsets; it knows nothing of who made the file.
"""

import base64
import re
import zlib

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\s(.*?)\sendobj", re.DOTALL)
_TOKEN = re.compile(
    rb"/(?P<font>F[\w+]+)\s+\d+(?:\.\d+)?\s+Tf|\((?P<text>(?:\\.|[^\\()])*)\)\s*Tj", re.DOTALL
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_SIGNS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def texts(pdf: bytes) -> list[list[str]]:
    """Per page, in the order of drawing, every text that is shown."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    pages = [body for body in objects.values() if re.search(rb"/Type\s*/Page\b", body)]
    return [_of_page(page, objects) for page in pages]


def fonts(pdf: bytes) -> set[str]:
    """Names of the fonts whose programs are inside the file (9.9)."""
    embedded = re.findall(rb"/FontFile2[^>]*?/FontName\s*/([\w+-]+)", pdf, re.DOTALL)
    return {name.decode() for name in embedded}


def _of_page(page: bytes, objects: dict[int, bytes]) -> list[str]:
    fonts = {}
    for name, number in _named(rb"/Font", page, objects):
        fonts[name] = _unicode(objects[_reference(rb"/ToUnicode", objects[number])])
    shown, font = [], {}
    content = _stream(objects[_reference(rb"/Contents", page)])
    for token in _TOKEN.finditer(content):
        if token["font"]:
            font = fonts.get(token["font"], {})
        else:
            shown.append("".join(font[code] for code in _ESCAPE.sub(_sign, token["text"])))
    return shown


def _named(key: bytes, page: bytes, objects: dict[int, bytes]) -> list[tuple[bytes, int]]:
    """The entries of the page's font dictionary that have a ToUnicode."""
    inside = objects[_reference(key, page)]
    every = re.findall(rb"/(F[\w+]+)\s+(\d+) 0 R", inside)
    return [(name, int(n)) for name, n in every if b"/ToUnicode" in objects[int(n)]]


def _reference(key: bytes, body: bytes) -> int:
    found = re.search(re.escape(key) + rb"\s+(\d+) 0 R", body)
    assert found, key
    return int(found[1])


def _stream(body: bytes) -> bytes:
    head, data = re.split(rb"stream\r?\n", body, maxsplit=1)
    data = data[: data.rindex(b"endstream")]
    if b"/ASCII85Decode" in head:
        data = base64.a85decode(data.strip().removesuffix(b"~>"))
    return zlib.decompress(data) if b"/FlateDecode" in head else data


def _sign(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8)]) if code[:1].isdigit() else _SIGNS.get(code, code)


def _unicode(cmap: bytes) -> dict[int, str]:
    table = {}
    text = _stream(cmap).decode()
    for part in re.findall(r"beginbfchar(.*?)endbfchar", text, re.DOTALL):
        for code, to in re.findall(r"<(\w+)>\s*<(\w+)>", part):
            table[int(code, 16)] = bytes.fromhex(to).decode("utf-16-be")
    for part in re.findall(r"beginbfrange(.*?)endbfrange", text, re.DOTALL):
        for first, _, listed in re.findall(r"<(\w+)>\s*<(\w+)>\s*\[(.*?)\]", part, re.DOTALL):
            for step, to in enumerate(re.findall(r"<(\w+)>", listed)):
                table[int(first, 16) + step] = bytes.fromhex(to).decode("utf-16-be")
    return table
