"""Where a request comes from, for rate limits alone; addresses are never stored or logged by us."""

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The peer's address as the web server saw it; proxies must be told to set it."""
    return str(request.META.get("REMOTE_ADDR", ""))
