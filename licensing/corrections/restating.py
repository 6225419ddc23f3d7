"""A restated statement: a further version of a closed month, with the corrections of its lines.

It moves nothing. The corrections stand in the months in which they were made, and there they move
balances; the restated version shows what the month comes to with them. What was taken of a line
from somebody else, to whom a decision gave it, is theirs and not in it. The versions before stay.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from licensing.audit.operations import record_fact
from licensing.deductions.rules.refusals import DeductionRefused, check_reason
from licensing.royalties.line_sql import line_key
from licensing.royalties.models import Statement
from licensing.royalties.movement_sql import CORRECTS

_CORRECTIONS = f"""
SELECT posting.id, posting.account_id, line.id AS line_id, entry.memo, entry.effective_at,
       CASE posting.side WHEN 'credit' THEN posting.amount_micros
            ELSE -posting.amount_micros END AS amount
FROM royalties_statementline line
JOIN royalties_statement statement ON statement.id = line.statement_id
JOIN ledger_posting posting ON posting.ref = '{CORRECTS}' || line.id::text
JOIN ledger_account account ON account.id = posting.account_id
     AND account.kind IN ('payable', 'unallocated')
     AND account.owner_kind = statement.payee_kind AND account.owner_ref = statement.payee_ref
JOIN ledger_journalentry entry ON entry.id = posting.entry_id
WHERE line.statement_id = %(first)s
"""
_SUM = f"SELECT COUNT(*), COALESCE(SUM(amount), 0)::bigint FROM ({_CORRECTIONS}) c"
_KEY = line_key("%(made)s::uuid", "position")
_SAME = f"""
INSERT INTO royalties_statementline
    (id, statement_id, position, kind, variation_sum_id, posting_id, corrects_id, note, record_id,
     played_month, stem_id, "right", sheet_id, party_id, recording_title, stem_label, plays,
     source_ppm, share_ppm, source_micros, right_micros, amount_micros, other_micros)
SELECT {_KEY}, %(made)s, position, kind, variation_sum_id, posting_id, corrects_id, note, record_id,
       played_month, stem_id, "right", sheet_id, party_id, recording_title, stem_label,
       plays, source_ppm, share_ppm, source_micros, right_micros, amount_micros, other_micros
FROM royalties_statementline WHERE statement_id = %(first)s
"""
_CORRECTED = f"""
INSERT INTO royalties_statementline
    (id, statement_id, position, kind, posting_id, corrects_id, note, record_id, played_month,
     stem_id, "right", recording_title, stem_label, plays, source_ppm, share_ppm, source_micros,
     right_micros, amount_micros)
SELECT {_KEY}, %(made)s, position, 'CORRECTION', id, line_id, memo, record_id, played_month,
       stem_id, "right", recording_title, stem_label, 0, 0, 0, 0, 0, amount
FROM (SELECT c.*, l.record_id, l.played_month, l.stem_id, l."right", l.recording_title,
             l.stem_label,
             (SELECT COUNT(*) FROM royalties_statementline WHERE statement_id = %(first)s)
                 + ROW_NUMBER() OVER (ORDER BY c.effective_at, c.id) AS position
      FROM ({_CORRECTIONS}) c JOIN royalties_statementline l ON l.id = c.line_id) placed
"""


@transaction.atomic
def restate_statement(
    *, statement_id: UUID, reason: str, actor: tuple[str, str], now: datetime
) -> Statement:
    """Make the next version of a statement, with every correction of its lines made so far.

    `statement_id` is of its latest version. Raises DeductionRefused: superseded, no_reason,
    nothing_to_restate when no line was corrected since. Of two at once the database takes one.
    """
    latest = Statement.objects.get(pk=statement_id)
    if Statement.objects.filter(supersedes=latest).exists():
        raise DeductionRefused("superseded", "A later version of this statement stands already.")
    first = latest if latest.version == 1 else _first_of(latest)
    with connection.cursor() as cursor:
        cursor.execute(_SUM, {"first": first.pk})
        count, corrected = cursor.fetchone()
    if count == latest.lines.count() - first.lines.count():
        raise DeductionRefused("nothing_to_restate", "No line was corrected since this version.")
    made = Statement.objects.create(
        period_id=first.period_id,
        payee_kind=first.payee_kind,
        payee_ref=first.payee_ref,
        payee_name=first.payee_name,
        currency=first.currency,
        version=latest.version + 1,
        opening_micros=first.opening_micros,
        lines_micros=first.lines_micros + corrected,
        moved_micros=first.moved_micros + corrected,
        closing_micros=first.closing_micros + corrected,
        supersedes=latest,
        reason=check_reason(reason)[:300],
        model=first.model,
        other_model=first.other_model,
        other_model_micros=first.other_model_micros,
        made_at=now,
    )
    with connection.cursor() as cursor:
        for statement in (_SAME, _CORRECTED):
            cursor.execute(statement, {"first": first.pk, "made": made.pk})
    record_fact(
        actor=actor,
        verb="restate_statement",
        object_kind="statement",
        object_ref=made.pk,
        after={"supersedes": str(latest.pk), "reason": made.reason, "micros": corrected},
        at=now,
    )
    return made


def _first_of(statement: Statement) -> Statement:
    same = ("period_id", "payee_kind", "payee_ref", "currency")
    return Statement.objects.get(version=1, **{name: getattr(statement, name) for name in same})
