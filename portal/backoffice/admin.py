"""What the backoffice shows, room by room. Lists and fields only; deeds stand in deeds.py."""

from django.contrib.admin import EmptyFieldListFilter
from django.db import models
from django.urls import reverse
from django.utils.html import format_html

from generation.uploads.models import Upload
from generation.variations.models import Variation, VariationRequest
from generation.work.models import Job
from licensing.attribution.models import (
    AttributionLine,
    LicenceRecord,
    LicenceSource,
    MinuteLine,
    RecordPart,
    SealedMinute,
)
from licensing.audit.models import Fact
from licensing.catalog.models import (
    AudioObject,
    Evidence,
    Party,
    Recording,
    Stem,
    Work,
)
from licensing.clearance.models import (
    Approval,
    Clearance,
    ConsentAgreement,
    ConsentSignature,
    Grant,
    Hold,
    SocietyAgreement,
    Withdrawal,
)
from licensing.ledger.models import Account, JournalEntry, Posting
from licensing.releases.models import Release
from portal.accounts.models import Membership, User
from portal.backoffice import menu
from portal.backoffice.agreements import AGREEMENT_PAGES
from portal.backoffice.billing import BILLING_PAGES
from portal.backoffice.consent_deeds import AgreementDeeds
from portal.backoffice.contacts import ContactDeed
from portal.backoffice.corrections import CORRECTION_PAGES
from portal.backoffice.deductions import DEDUCTION_PAGES
from portal.backoffice.deed_pages import DEED_PAGES
from portal.backoffice.deeds import HoldDeeds, ReviewDeeds
from portal.backoffice.events import EVENT_PAGES
from portal.backoffice.evidence import EvidenceAdmin
from portal.backoffice.from_rows import BeginsHere
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.invoices import INVOICE_PAGES
from portal.backoffice.models import NightlyRun
from portal.backoffice.money import MONEY_PAGES
from portal.backoffice.outside import OUTSIDE_PAGES
from portal.backoffice.payouts import PAYOUT_PAGES
from portal.backoffice.plays import PLAY_PAGES
from portal.backoffice.rates import RATE_PAGES
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.releases import ReleaseAdmin, WorkAdmin
from portal.backoffice.site import site
from portal.backoffice.stand_ins import SHEET_PAGES
from portal.backoffice.takedowns import TAKEDOWN_PAGES
from portal.backoffice.terms import TERMS_PAGES
from portal.partners.models import Client, WithdrawalNotice


class ConsentSignatureInline(ReadOnlyInline):
    """Rows of their page."""

    model = ConsentSignature


class PostingInline(ReadOnlyInline):
    """Rows of their page."""

    model = Posting


class SourceInline(ReadOnlyInline):
    """Rows of their page."""

    model = LicenceSource


class LineInline(ReadOnlyInline):
    """Rows of their page."""

    model = AttributionLine


class MinuteLineInline(ReadOnlyInline):
    """Rows of their page."""

    model = MinuteLine


class WithdrawalInline(ReadOnlyInline):
    """Rows of their page."""

    model = Withdrawal


class PartyAdmin(ReadOnlyAdmin):
    """Who can hold rights or be paid."""

    list_display = ("name", "kind", "isni", "ipi", "created_at")
    search_fields = ("name", "isni", "ipi")


class RecordingAdmin(BeginsHere, ReadOnlyAdmin):
    """Performances of works."""

    list_display = ("title", "party", "state", "isrc", "stems_complete_at")
    list_select_related = ("party",)
    list_filter = ("state", "explicit")
    search_fields = ("title", "isrc", "party__name")
    held_as, disputed_as = Hold.TargetKind.RECORDING, "recording"
    actions_detail = ("begin_hold", "begin_dispute")


class StemAdmin(BeginsHere, ReviewDeeds, ReadOnlyAdmin):
    """Isolated parts; conflicting claims are decided here."""

    list_display = ("label", "recording", "party", "role", "state", "created_at")
    list_select_related = ("recording", "party")
    list_filter = ("state", "role")
    search_fields = ("label", "audio__digest", "party__name")
    held_as, disputed_as = Hold.TargetKind.STEM, "stem"
    actions_detail = (*ReviewDeeds.actions_detail, "begin_hold", "begin_dispute")


class AudioAdmin(ReadOnlyAdmin):
    """Checked audio, one object per sound and party."""

    list_display = ("digest", "frames", "original_bytes", "created_at", "removed_at")
    search_fields = ("digest",)


class GrantAdmin(ReadOnlyAdmin):
    """What holders permit, and what they withdrew."""

    list_display = ("stem", "party", "uses", "valid_from", "valid_until", "granted_at")
    list_select_related = ("stem", "party")
    search_fields = ("stem__label", "party__name")
    inlines = (WithdrawalInline,)


class HoldAdmin(HoldDeeds, ReadOnlyAdmin):
    """What blocks; placed and released here."""

    list_display = ("target_kind", "target_ref", "reason", "placed_at", "released_at")
    list_filter = (("released_at", EmptyFieldListFilter), "target_kind")


class ClearanceAdmin(ReadOnlyAdmin):
    """Decisions, with reasons and terms."""

    list_display = ("use", "requester_kind", "territory", "channel", "allowed", "at")
    list_filter = ("allowed", "use")


class ApprovalAdmin(ReadOnlyAdmin):
    """What holders want to hear first, and what they answered."""

    list_display = ("party", "recording", "state", "reasons", "asked_at", "decided_at")
    list_filter = ("state",)
    list_select_related = ("party", "recording")


class ConsentAdmin(ReadOnlyAdmin):
    """Agreements of holders on how many of them must say yes; with their signatures."""

    list_display = ("recording", "kind", "authority", "recorded_at", "counts_from")
    list_filter = ("kind", ("counts_from", EmptyFieldListFilter))
    list_select_related = ("recording", "authority")
    inlines = (ConsentSignatureInline,)


class AgreementAdmin(AgreementDeeds, ReadOnlyAdmin):
    """Agreements with societies; recorded here."""

    list_display = ("society", "reference", "uses", "valid_from", "valid_until")


class RecordAdmin(BeginsHere, ReadOnlyAdmin):
    """Licence records; each opens its case file."""

    list_display = ("subject_kind", "subject_ref", "use", "state", "opened_at", "case")
    list_filter = ("state", "use")
    search_fields = ("subject_ref", "recipe_sha256")
    held_as = Hold.TargetKind.RECORD
    actions_detail = ("begin_hold",)
    inlines = (SourceInline, LineInline)

    def case(self, row: LicenceRecord) -> str:
        return format_html('<a href="{}">Case file</a>', reverse("admin:case_file", args=[row.pk]))


class PartAdmin(ReadOnlyAdmin):
    """Sections of live sessions, each with its own clearance."""

    list_display = ("record", "index", "recipe_sha256", "opened_at")
    list_select_related = ("record",)
    search_fields = ("recipe_sha256", "record__subject_ref")


class MinuteAdmin(ReadOnlyAdmin):
    """Sealed minutes of live sessions, with their lines."""

    list_display = ("record", "minute", "line_count", "model_ppm", "sealed_at")
    list_select_related = ("record",)
    search_fields = ("record__subject_ref", "windows_sha256")
    inlines = (MinuteLineInline,)


class AccountAdmin(ReadOnlyAdmin):
    """Accounts of the ledger."""

    list_display = ("kind", "owner_kind", "owner_ref", "currency")
    list_filter = ("kind", "currency")
    search_fields = ("owner_ref",)


class EntryAdmin(ReadOnlyAdmin):
    """Journal entries with their postings."""

    list_display = ("key", "kind", "memo", "effective_at", "reverses")
    list_filter = ("kind",)
    search_fields = ("key",)
    inlines = (PostingInline,)


class FactAdmin(ReadOnlyAdmin):
    """The log of facts."""

    list_display = ("sequence", "at", "actor_kind", "verb", "object_kind", "object_ref")
    list_filter = ("verb", "object_kind")
    search_fields = ("object_ref",)


class VariationAdmin(ReadOnlyAdmin):
    """Variations; each opens its case file."""

    list_display = ("title", "state", "piece_count", "created_at", "ended_at", "case")
    list_filter = ("state",)
    search_fields = ("id", "title")

    def case(self, row: Variation) -> str:
        if row.record_id is None:
            return ""
        address = reverse("admin:case_file", args=[row.record_id])
        return format_html('<a href="{}">Case file</a>', address)


class JobAdmin(ReadOnlyAdmin):
    """The queue of work."""

    list_display = ("kind", "subject_ref", "part", "state", "attempt", "worker", "due_at")
    list_filter = ("state", "kind")
    search_fields = ("subject_ref",)


class UserAdmin(ReadOnlyAdmin):
    """Logins, without their secrets."""

    list_display = ("email", "display_name", "is_staff", "is_active", "joined_at")
    search_fields = ("email",)
    exclude = ("password",)


class NightlyAdmin(ReadOnlyAdmin):
    """What ran at night, and how it ended."""

    list_display = ("duty", "night", "state", "attempt", "began_at", "ended_at", "said")
    list_filter = ("state", "duty")
    ordering = ("-night", "duty")


class ClientAdmin(ContactDeed, ReadOnlyAdmin):
    """Partner applications; whom mails about withdrawals go to is said here."""

    list_display = ("name", "channel", "territory", "scopes", "contact", "is_active")


class NoticeAdmin(ReadOnlyAdmin):
    """Withdrawals that partners were told of, and whether they confirmed that copies are gone."""

    list_display = (
        "client", "withdrawal", "deadline", "mailed_at", "reminded_at", "confirmed_at",
    )  # fmt: skip
    list_filter = ("confirmed_at",)
    list_select_related = ("client", "withdrawal")
    ordering = ("-deadline",)


PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    Party: PartyAdmin,
    Work: WorkAdmin,
    Recording: RecordingAdmin,
    Stem: StemAdmin,
    AudioObject: AudioAdmin,
    Evidence: EvidenceAdmin,
    Grant: GrantAdmin,
    Hold: HoldAdmin,
    Clearance: ClearanceAdmin,
    SocietyAgreement: AgreementAdmin,
    Approval: ApprovalAdmin,
    ConsentAgreement: ConsentAdmin,
    LicenceRecord: RecordAdmin,
    RecordPart: PartAdmin,
    SealedMinute: MinuteAdmin,
    Release: ReleaseAdmin,
    Account: AccountAdmin,
    JournalEntry: EntryAdmin,
    Fact: FactAdmin,
    VariationRequest: ReadOnlyAdmin,
    Variation: VariationAdmin,
    Job: JobAdmin,
    Upload: ReadOnlyAdmin,
    User: UserAdmin,
    Membership: ReadOnlyAdmin,
    Client: ClientAdmin,
    WithdrawalNotice: NoticeAdmin,
    NightlyRun: NightlyAdmin,
}
PAGES |= (
    AGREEMENT_PAGES
    | DEED_PAGES
    | BILLING_PAGES
    | INVOICE_PAGES
    | MONEY_PAGES
    | PLAY_PAGES
    | DEDUCTION_PAGES
    | CORRECTION_PAGES
    | PAYOUT_PAGES
    | EVENT_PAGES
    | RATE_PAGES
    | SHEET_PAGES
    | OUTSIDE_PAGES
    | TAKEDOWN_PAGES
    | TERMS_PAGES
)
for model, page in PAGES.items():
    menu.name(model)
    site.register(model, page)
