"""Numbers of the books as people read them: units and percent, nothing rounded."""

from types import SimpleNamespace

from portal.backoffice.amounts import shown


def test_micro_units_are_shown_in_units_with_the_rows_currency_and_all_six_places():
    name, column = shown(("state", "net_micros"))
    assert name == "state"
    assert column(SimpleNamespace(net_micros=-8_000, currency="EUR")) == "-0.008000 EUR"
    assert column(SimpleNamespace(net_micros=1_000_000)) == "1.000000"
    assert column(SimpleNamespace(net_micros=None, currency="EUR")) == "-"
    assert (column.short_description, column.admin_order_field) == ("Net", "net_micros")


def test_parts_per_million_are_shown_in_percent():
    (column,) = shown(("tax_ppm",))
    assert column(SimpleNamespace(tax_ppm=190_000)) == "19.0000 %"
    assert column(SimpleNamespace(tax_ppm=1)) == "0.0001 %"
    assert column.short_description == "Tax, percent"


def test_what_was_paid_is_shown_with_the_places_of_its_currency():
    (column,) = shown(("amount_minor",))
    assert column(SimpleNamespace(amount_minor=3_005, currency="EUR")) == "30.05 EUR"
    assert column(SimpleNamespace(amount_minor=-3, currency="EUR")) == "-0.03 EUR"
    assert column(SimpleNamespace(amount_minor=3_005, currency="JPY")) == "3005 JPY"
