"""Where the payment provider rings: the signature is checked, the event kept, the ring answered.

Nothing is done here about what it says; the sweep of payouts does it, from the row. Invariants: no
row without a signature that holds now, and one row per event however often it comes.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from licensing.payouts.inbox import take_event
from licensing.stripe_gateway import BadSignature, read_event

LARGEST_BYTES = 2**20
"""Stripe's events are some kilobytes; nobody makes us read more before they have signed."""


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """Take one event: 200 also when it was here before, 403 when it is not signed for us and now.

    A database that is away answers 500, and Stripe rings again.
    """
    if int(request.headers.get("Content-Length") or 0) > LARGEST_BYTES:
        return HttpResponse(status=413)
    now = timezone.now()
    try:
        event = read_event(
            request.body,
            request.headers.get("Stripe-Signature", ""),
            secrets=settings.STRIPE_WEBHOOK_SECRETS,
            now=now,
        )
    except BadSignature as error:
        return HttpResponseForbidden(str(error), content_type="text/plain")
    take_event(event=event, body=request.body, now=now)
    return HttpResponse(status=200)
