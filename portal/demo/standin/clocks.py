"""Test clocks: the time of some customers, which stands until it is told to go on.

Rules as Stripe documents them (Billing, test clocks). Invariants: a clock never goes back, and what
became due on the way has happened when it is ready; a clock that is deleted takes its customers.
"""

from portal.demo.standin import billing_shapes as shapes
from portal.demo.standin.billing import Billing
from portal.demo.standin.books import Declined
from portal.demo.standin.shapes import Json

KIND = "test_helpers.test_clock"


def open_clock(billing: Billing, asked: Json) -> Json:
    """A clock that stands at `frozen_time`, in seconds since 1970."""
    id = billing.books.new_id("clock")
    return billing.keep(shapes.clock(id, billing.books.now(), int(asked["frozen_time"])))


def advance(billing: Billing, id: str, asked: Json) -> Json:
    """Let a clock go on; told as advancing, and ready when it is looked at again."""
    clock, until = billing.get(KIND, id), int(asked["frozen_time"])
    if until <= clock["frozen_time"]:
        raise Declined(400, None, "A clock only goes forward.")
    clock["frozen_time"] = until
    billing.pass_time()
    details = {"advancing": {"target_frozen_time": until}}
    return clock | {"status": "advancing", "status_details": details}


def delete(billing: Billing, id: str) -> Json:
    """The clock and its customers are gone; what they subscribed to has ended."""
    billing.get(KIND, id)
    gone = {one["id"] for one in billing.all_of("customer") if one.get("test_clock") == id}
    for one in billing.all_of("subscription"):
        if one["customer"] in gone and not one["ended_at"]:
            billing.end(one)
    for one in billing.all_of("invoice"):
        if one["customer"] in gone:
            one["next_payment_attempt"] = None
    for name in (*gone, id):
        del billing.objects[name]
    return {"id": id, "object": KIND, "deleted": True}
