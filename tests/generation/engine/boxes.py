"""A small reader of MP4 boxes for tests, written from ISO/IEC 14496-12 and not from our writer."""

import struct

HOLDERS = {"moov", "trak", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf", "edts"}


def boxes(data, inside=""):
    """Every box as (path, content), in order; raises ValueError when sizes do not add up."""
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            raise ValueError(f"The box {kind!r} does not fit.")
        path = f"{inside}/{kind.decode('ascii')}"
        content = data[at + 8 : at + size]
        found.append((path, content))
        if kind.decode("ascii") in HOLDERS:
            found += boxes(content, path)
        at += size
    return found


def one(data, path):
    """The content of the only box at `path`."""
    (content,) = [content for name, content in boxes(data) if name == path]
    return content


def decode_time(segment):
    """baseMediaDecodeTime."""
    content = one(segment, "/moof/traf/tfdt")
    return struct.unpack(">Q", content[4:])[0]


def frames(segment):
    """(duration, coded bytes) of every sample, cut out of the mdat by the trun's data offset."""
    trun = one(segment, "/moof/traf/trun")
    flags, count, offset = struct.unpack_from(">III", trun)
    assert flags & 0xFFFFFF == 0x301
    moof_at = sum(
        8 + len(content)
        for path, content in boxes(segment)
        if path.count("/") == 1 and path in ("/styp",)
    )
    at, cut = moof_at + offset, []
    for number in range(count):
        duration, size = struct.unpack_from(">II", trun, 12 + 8 * number)
        cut.append((duration, segment[at : at + size]))
        at += size
    assert at == len(segment)
    return cut
