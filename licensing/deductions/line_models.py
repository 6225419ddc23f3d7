"""Lines that were ever contested, and where their money lies: in suspense, or free with payees.

A line is what one share earned in one month, or what one correction gave it. Both tables are only
added to: a further row with a negative amount says what left. Invariants: the rows of a dispute sum
to its suspense account, as does the database hold that nothing more comes to a dispute that is
decided; all rows of a line sum to what it earned less what was taken back.
"""

from django.db import models
from django.db.models import Q

from licensing.catalog.models import Party, SplitSheet, Stem
from licensing.ledger.models import JournalEntry
from licensing.money import amount_text

PAYEE_KINDS = ("party", "society")


class OfLine(models.Model):
    """An amount of one line, and the entry that moved it.

    `payee`: who earned it, wherever it is now; `correction_ref`: the adjustment that gave it, ""
    where plays earned it. Personal data: whose earnings are contested.
    """

    month = models.DateField()
    payee_kind = models.CharField(max_length=20)
    payee_ref = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    record_ref = models.CharField(max_length=36)
    stem = models.ForeignKey(Stem, models.PROTECT, related_name="+")
    right = models.CharField(max_length=10)
    sheet = models.ForeignKey(SplitSheet, models.PROTECT, null=True, blank=True, related_name="+")
    party = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="+")
    correction_ref = models.CharField(max_length=100, blank=True, default="", db_default="")
    amount_micros = models.BigIntegerField()
    us_micros = models.BigIntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{amount_text(self.amount_micros)} {self.currency}"


class ContestedLine(OfLine):
    """What a dispute holds of one line, on the dispute's suspense account.

    Personal data: whose earnings are contested.
    """

    dispute = models.ForeignKey("deductions.Dispute", models.PROTECT, related_name="lines")
    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="contested_lines")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(amount_micros=0) & Q(month__day=1), name="contested_line_is_money"
            )
        ]
        indexes = [
            models.Index(fields=["dispute", "stem"], name="contested_line_of_dispute"),
            models.Index(fields=["record_ref", "month"], name="contested_line_of_record"),
        ]


class FreeLine(OfLine):
    """What of a line that was contested lies with a payee (`holder`): what nobody contested of it,
    or what a decision gave; less what was taken back of that.

    It says whose part a refund takes back, not what is payable: advances, reserves and tax may have
    had their part of it. Personal data: to whom contested money was given.
    """

    holder_kind = models.CharField(max_length=20)
    holder_ref = models.CharField(max_length=120)
    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="free_lines")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(amount_micros=0) & Q(month__day=1, holder_kind__in=PAYEE_KINDS),
                name="free_line_is_money",
            )
        ]
        indexes = [models.Index(fields=["record_ref", "month"], name="free_line_of_record")]
