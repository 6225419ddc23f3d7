"""A stored object as an HTTP answer: whole, or the range that was asked for.

It refuses to know who may have it: callers decide
first. Invariant: every answer forbids sniffing, shared caches and framing as a page of ours.
"""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from licensing.catalog.store import read_range
from portal.audio.objects import Stored
from portal.audio.ranges import Span, Unsatisfiable, span_of

# A second of sound is read where its request is answered: to hand it over in blocks took longer.
_AT_ONCE = 2**20


async def _blocks(name: str, span: Span) -> AsyncIterator[bytes]:
    """The bytes of `span`, read in a thread so that the server's loop never waits for a disk."""
    blocks = await sync_to_async(read_range, thread_sensitive=False)(
        name, span.first, span.last + 1
    )
    following = sync_to_async(_following, thread_sensitive=False)
    while block := await following(blocks):
        yield block


def _following(blocks: Iterator[bytes]) -> bytes:
    """The next block, or nothing at the end; StopIteration cannot cross into a coroutine."""
    return next(blocks, b"")


def stored_object(request: HttpRequest, found: Stored) -> HttpResponseBase:
    """The object's bytes; its digest is the strong validator, `save_as` the file name we give.

    206 for a satisfiable range, 416 for one behind the end, 304 when the client has it already.
    What is small is read here: never to be called on the server's loop.
    """
    etag, save_as = f'"{found.digest}"', found.save_as
    if request.headers.get("If-None-Match") == etag:
        return _dressed(HttpResponse(status=304), etag, save_as)
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        wanted = ""
    try:
        span = span_of(wanted, found.size)
    except Unsatisfiable:
        refused = HttpResponse(status=416, headers={"Content-Range": f"bytes */{found.size}"})
        return _dressed(refused, etag, save_as)
    chosen = span or Span(0, found.size - 1)
    body: HttpResponseBase
    if request.method == "HEAD":
        body = HttpResponse(content_type=found.content_type)
    elif chosen.length <= _AT_ONCE:
        whole = b"".join(read_range(found.name, chosen.first, chosen.last + 1))
        body = HttpResponse(whole, content_type=found.content_type)
    else:
        blocks = _blocks(found.name, chosen)
        body = StreamingHttpResponse(blocks, content_type=found.content_type)
    if span is not None:
        body.status_code = 206
        body.headers["Content-Range"] = f"bytes {span.first}-{span.last}/{found.size}"
    body.headers["Content-Length"] = str(chosen.length)
    return _dressed(body, etag, save_as)


def _dressed(answer: HttpResponseBase, etag: str, save_as: str) -> HttpResponseBase:
    answer.headers["ETag"] = etag
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    disposition = f'attachment; filename="{save_as}"' if save_as else "inline"
    answer.headers["Content-Disposition"] = disposition
    return answer
