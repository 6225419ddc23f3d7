"""The JSON shapes of a partner's invoices; amounts are decimals in text, with six places."""

from rest_framework import serializers

from licensing.invoicing.queries import SEEN
from licensing.receipts.rules import USAGE_UNITS
from portal.partners.shapes import Shape


class InvoiceLineShown(Shape):
    """So many plays or started minutes of one use, at one price without tax."""

    use = serializers.CharField()
    unit = serializers.ChoiceField(USAGE_UNITS)
    quantity = serializers.IntegerField()
    price = serializers.CharField()
    amount = serializers.CharField()


class InvoiceShown(Shape):
    """What is owed for one month: lines and rounding sum to the net, net and tax to the gross."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField(SEEN)
    month = serializers.RegexField(r"^[0-9]{4}-[0-9]{2}$")
    billed_to = serializers.CharField()
    country = serializers.CharField()
    currency = serializers.CharField()
    tax_ppm = serializers.IntegerField()
    lines = InvoiceLineShown(many=True)
    rounding = serializers.CharField()
    net = serializers.CharField()
    tax = serializers.CharField()
    gross = serializers.CharField()
    issued_at = serializers.DateTimeField()
    due_on = serializers.DateField()
    paid_at = serializers.DateTimeField(allow_null=True)
    pay_url = serializers.CharField()


class InvoicesPage(Shape):
    """A page of them; `next` leads to older ones."""

    items = InvoiceShown(many=True)
    next = serializers.CharField(allow_null=True)
