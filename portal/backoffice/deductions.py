"""The desk's pages about what stands between earned and payable, gathered from their rooms here.

Everything is shown and nothing edited; the deeds are operations of the room below, each with a
reason, after a look at what it posts. Where two people are asked for, the second is another login.
"""

from django.db import models

from licensing.deductions.models import (
    Advance,
    Dispute,
    Reserve,
    ReserveRule,
    TaxProfile,
    Withheld,
)
from portal.backoffice.advances import AdvanceAdmin
from portal.backoffice.disputes import DisputeAdmin
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.reserves import ReserveAdmin, ReserveRuleAdmin
from portal.backoffice.tax_forms import TaxProfileAdmin

DEDUCTION_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Dispute: DisputeAdmin,
    Advance: AdvanceAdmin,
    ReserveRule: ReserveRuleAdmin,
    Reserve: ReserveAdmin,
    TaxProfile: TaxProfileAdmin,
    Withheld: ReadOnlyAdmin,
}
