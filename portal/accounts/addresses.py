"""Where a request comes from: for rate limits, and as a keyed digest beside a consent.

Invariant: an address is never stored or logged by us. Of a consent only HMAC-SHA-256 of it under
the operator's own key is kept: it can be compared with an address that somebody names, and says
nothing once the key is gone.
"""

import hashlib
import hmac

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The peer's address as the web server saw it; proxies must be told to set it."""
    return str(request.META.get("REMOTE_ADDR", ""))


def address_digest(address: str) -> str:
    """Hex HMAC-SHA-256 of an address under CONSENT_KEY; empty for none."""
    if not address:
        return ""
    key = hashlib.sha256(b"consent\0" + settings.CONSENT_KEY.encode()).digest()
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()
