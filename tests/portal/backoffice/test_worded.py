"""Words of the code, countries, months and records as the desk says them; names stay as are."""

from datetime import date
from types import SimpleNamespace

import pytest

from licensing.catalog.models import Party, SplitSheet
from licensing.clearance.models import Grant
from licensing.invoicing.models import Invoice
from licensing.payouts.models import PayoutRun
from licensing.royalties.models import Usage
from portal.backoffice.worded import column


def said(model, name, value):
    return column(model, name)(SimpleNamespace(**{name: value}))


@pytest.mark.parametrize(
    ("model", "name", "value", "words"),
    [
        (PayoutRun, "state", "OPEN", "open"),
        (Grant, "uses", ["FOCUS", "REMIX"], "focus, remix"),
        (Invoice, "country", "DE", "Germany (DE)"),
        (Invoice, "country", "ZZ", "ZZ"),
        (Invoice, "country", "", "-"),
        (Invoice, "month", date(2026, 10, 1), "October 2026"),
        (Usage, "accrual_month", None, "-"),
        (Grant, "limits", {}, "-"),
        (Grant, "limits", {"vocals": True, "mix_reach": 0.5}, "vocals: yes<br>mix reach: 0.5<br>"),
    ],
)
def test_a_stored_value_is_said_as_people_say_it(model, name, value, words):
    assert said(model, name, value) == words


def test_names_are_never_taken_for_words_of_the_code():
    """A party may be called in capitals."""
    assert column(Party, "name") is None
    assert column(Invoice, "currency") is None
    assert column(Invoice, "number") is None


def test_a_contract_keeps_its_lines_and_what_people_wrote_is_never_markup():
    text = "SPLIT SHEET\n  100.0000 %  <b>Ana</b>"
    shown = said(SplitSheet, "text", text)
    assert "pre-wrap" in shown
    assert "SPLIT SHEET\n  100.0000 %  &lt;b&gt;Ana&lt;/b&gt;" in shown
    assert "<b>" not in said(Grant, "approval", {"first": {"<b>": 1}})


def test_a_column_is_sorted_by_what_the_database_holds_and_named_in_words():
    digest = column(SplitSheet, "text_sha256")
    assert (digest.short_description, digest.admin_order_field) == ("Text SHA-256", "text_sha256")
