"""A partner reads its invoices, as JSON and PDF; a stranger, a draft and nothing are one 404."""

import uuid

import pytest

from licensing.invoicing import operations
from tests.licensing.invoicing import used_month as month
from tests.licensing.invoicing.used_month import DESK, LATER
from tests.licensing.royalties import small_world as world
from tests.oracles import pdf_text

ADDRESS = "/api/v1/invoices"


@pytest.fixture
def issued(partner):
    payer = ("client", str(partner[0].pk))
    month.agree(payer)
    month.use(*month.pieces(), payer=payer)
    month.close_october()
    (draft,) = operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER)
    return operations.issue_invoice(invoice_id=draft.pk, actor=DESK, now=LATER)


def said(pdf):
    return "\n".join(text for page in pdf_text.texts(pdf) for text in page)


def test_an_invoice_is_read_line_by_line(call, partner, issued):
    answer = call(partner, "GET", f"{ADDRESS}/{issued.pk}")
    assert answer.status_code == 200
    told = answer.json()
    assert told["lines"] == [
        {
            "use": "FOCUS",
            "unit": "MINUTE",
            "quantity": 2,
            "price": "0.004000",
            "amount": "0.008000",
        },
        {"use": "REMIX", "unit": "PLAY", "quantity": 7, "price": "0.012345", "amount": "0.086415"},
    ]
    sums = {name: told[name] for name in ("rounding", "net", "tax", "gross")}
    assert sums == {
        "rounding": "-0.004415",
        "net": "0.090000",
        "tax": "0.020000",
        "gross": "0.110000",
    }
    assert (told["number"], told["month"], told["due_on"]) == (
        "2026-000001",
        "2026-10",
        "2026-12-16",
    )
    assert call(partner, "GET", ADDRESS).json() == {"items": [told], "next": None}


def test_the_pdf_says_the_same_and_is_the_same_bytes_again(call, partner, issued):
    first, second = (call(partner, "GET", f"{ADDRESS}/{issued.pk}/pdf") for _ in range(2))
    assert first.content == second.content
    text = said(first.content)
    for part in ("Invoice 2026-000001", "Stride Ltd", "0.086415", "-0.004415", "tax, 19.00 %"):
        assert part in text
    assert "voided" not in text
    given = {"invoice_id": issued.pk, "actor": DESK, "now": LATER}
    operations.void_invoice(reason="wrong address", **given)
    voided = call(partner, "GET", f"{ADDRESS}/{issued.pk}/pdf").content
    assert "This invoice was voided" in said(voided)


def test_a_stranger_and_a_draft_are_not_there(call, partner, stranger, issued):
    draft_id = uuid.uuid4()
    for who, invoice_id in ((stranger, issued.pk), (partner, draft_id)):
        for tail in ("", "/pdf"):
            answer = call(who, "GET", f"{ADDRESS}/{invoice_id}{tail}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert call(stranger, "GET", ADDRESS).json()["items"] == []
    operations.void_invoice(invoice_id=issued.pk, reason="again", actor=DESK, now=LATER)
    operations.draft_invoices(month=world.OCTOBER.date(), actor=DESK, now=LATER)
    assert [one["state"] for one in call(partner, "GET", ADDRESS).json()["items"]] == ["VOIDED"]


def test_pages_of_invoices_go_back_in_time(call, partner, issued):
    numbers = []
    for _ in range(2):
        given = {"actor": DESK, "now": LATER}
        operations.void_invoice(invoice_id=issued.pk, reason="again", **given)
        (draft,) = operations.draft_invoices(month=world.OCTOBER.date(), **given)
        issued = operations.issue_invoice(invoice_id=draft.pk, **given)
    address = f"{ADDRESS}?limit=2"
    while address:
        page = call(partner, "GET", address).json()
        numbers += [one["number"] for one in page["items"]]
        address = f"{ADDRESS}?limit=2&cursor={page['next']}" if page["next"] else ""
    assert sorted(numbers) == ["2026-000001", "2026-000002", "2026-000003"]
    assert len(numbers) == 3
