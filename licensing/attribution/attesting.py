"""What a sealed licence record says, as one digest; and whether it still says so.

Sealing writes the digest into the fact of it, and facts are a hash chain (`licensing.audit.chain`),
so a sealed record stands on everything that happened before. The digest is over the record, its
sources, grants, external sounds, parts, minutes and lines: one JSON array as PostgreSQL writes it.
Columns stand here by name, so a new one changes no digest. Records that were sealed before facts
had digests are attested later, by a fact that says so. Invariant: the record is closed, so nothing
in it may change any more.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

AT_A_TIME = 1_000
"""Records that are attested in one transaction."""


class RecordChanged(Exception):
    """A sealed record that does not say what it said when it was sealed; named in the sentence."""


def _utc(moment: str) -> str:
    return f"""to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _rows(said: str, source: str, order: str) -> str:
    """All rows of one kind as an array of arrays; `source` names r, the record."""
    return f"(SELECT jsonb_agg(jsonb_build_array({said}) ORDER BY {order}) FROM {source})"


_RECORD = f"""
    r.id, r.subject_kind, r.subject_ref, r.clearance_id, r.use, r.recipe_sha256, r.terms_sha256,
    r.policy, r.state, {_utc("r.opened_at")}, {_utc("r.sealed_at")}, {_utc("r.ends_at")},
    r.target_lufs, r.reached_lufs, r.integrated_lufs, r.true_peak_dbtp, r.trim_db,
    r.chroma_likeness, r.onset_likeness, r.windows_sha256, r.files, r.model_ppm,
    r.unattributed_ppm, r.notes
"""
_KINDS = (
    _rows(
        "s.stem_id, s.digest, s.position",
        "attribution_licencesource s WHERE s.record_id = r.id",
        "s.position",
    ),
    _rows("g.grant_id", "attribution_licencegrant g WHERE g.record_id = r.id", "g.grant_id"),
    _rows(
        "x.digest, x.position, x.net, x.title, x.version, x.licence, x.training_data_note, x.task,"
        f" x.words, x.seed, {_utc('x.made_at')}",
        "attribution_externalsource x WHERE x.record_id = r.id",
        "x.position",
    ),
    _rows(
        'p."index", p.clearance_id, p.recipe_sha256, p.terms_sha256, to_jsonb(p.stems),'
        f" to_jsonb(p.digests), to_jsonb(p.grants), {_utc('p.opened_at')}",
        "attribution_recordpart p WHERE p.record_id = r.id",
        'p."index"',
    ),
    _rows(
        f"m.minute, m.line_count, m.windows_sha256, m.model_ppm, {_utc('m.sealed_at')}",
        "attribution_sealedminute m WHERE m.record_id = r.id",
        "m.minute",
    ),
    _rows(
        "m.minute, l.stem_id, l.ppm",
        "attribution_minuteline l JOIN attribution_sealedminute m ON m.id = l.sealed_minute_id"
        " WHERE m.record_id = r.id",
        "m.minute, l.stem_id",
    ),
    _rows(
        "l.stem_id, l.ppm", "attribution_attributionline l WHERE l.record_id = r.id", "l.stem_id"
    ),
)
_SAID = f"jsonb_build_array({', '.join((_RECORD, *_KINDS))})::text"
_DIGEST = f"encode(sha256(convert_to({_SAID}, 'UTF8')), 'hex')"
_OF_ONE = f"SELECT {_DIGEST} FROM attribution_licencerecord r WHERE r.id = %s"
_ATTESTED = "f.verb IN ('seal_record', 'attest_record') AND f.object_kind = 'licence_record'"
_FIRST_CHANGED = f"""
SELECT f.object_ref, r.id IS NULL
FROM audit_fact f LEFT JOIN attribution_licencerecord r ON r.id = f.object_ref::uuid
WHERE {_ATTESTED} AND f.after ? 'content_sha256'
  AND (r.id IS NULL OR f.after ->> 'content_sha256' <> {_DIGEST})
ORDER BY f.sequence LIMIT 1
"""
_COUNTED = f"""
SELECT COUNT(*) FROM audit_fact f WHERE {_ATTESTED} AND f.after ? 'content_sha256'
"""


# Sealed, and no fact holds it to anything. `is_as_told`: it says of itself what the fact of its
# sealing said then, little as that was.
_WAITING = f"""
SELECT r.*, EXISTS (
    SELECT 1 FROM audit_fact f
    WHERE f.object_kind = 'licence_record' AND f.object_ref = r.id::text
      AND f.verb = 'seal_record' AND f.after ->> 'state' = r.state
      AND f.after ->> 'windows_sha256' = r.windows_sha256) AS is_as_told
FROM attribution_licencerecord r
WHERE r.state IN ('SEALED', 'WITHDRAWN') AND NOT EXISTS (
    SELECT 1 FROM audit_fact f
    WHERE {_ATTESTED} AND f.object_ref = r.id::text AND f.after ? 'content_sha256')
"""
_COUNT_WAITING = f"""
SELECT COUNT(*) FILTER (WHERE is_as_told), COUNT(*) FILTER (WHERE NOT is_as_told)
FROM ({_WAITING}) w
"""
_FIRST_DOUBTFUL = f"""
SELECT id::text FROM ({_WAITING}) w WHERE NOT is_as_told ORDER BY number LIMIT 1
"""
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('attest records', 0))"
_ATTEST = f"""
INSERT INTO audit_fact (actor_kind, actor_ref, verb, object_kind, object_ref, after, at)
SELECT 'system', 'attribution', 'attest_record', 'licence_record', r.id::text,
       jsonb_build_object('state', r.state, 'sealed_at', {_utc("r.sealed_at")},
                          'attested_later', true, 'content_sha256', {_DIGEST}), %(now)s
FROM (SELECT * FROM ({_WAITING}) w WHERE is_as_told ORDER BY number LIMIT %(most)s) r
ORDER BY r.number
"""


def record_sha256(record_id: UUID) -> str:
    """The digest of what a closed record says now, 64 hexadecimal digits."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_ONE, [record_id])
        (digest,) = cursor.fetchone()
    return str(digest)


def verify_records() -> int:
    """Hold every record to the fact of its sealing; how many there are.

    Raises RecordChanged with the first, in the order in which they were sealed, that is gone or
    says something else. Those that wait to be attested are not among them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_CHANGED)
        found = cursor.fetchone()
        if found is not None:
            what = "is gone" if found[1] else "does not say what it said when it was sealed"
            raise RecordChanged(f"the licence record {found[0]} {what}")
        cursor.execute(_COUNTED)
        (count,) = cursor.fetchone()
    return int(count)


def waiting_records() -> tuple[int, int]:
    """Sealed records that no fact holds to a digest: how many can be attested, and how many cannot
    because no fact of their sealing says what they say.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_WAITING)
        ready, doubtful = cursor.fetchone()
    return int(ready), int(doubtful)


def first_doubtful() -> str | None:
    """The first record, by its number, that cannot be attested."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_DOUBTFUL)
        row = cursor.fetchone()
    return None if row is None else str(row[0])


@transaction.atomic
def attest_records(*, now: datetime, most: int = AT_A_TIME) -> int:
    """Write the digests of records that were sealed before facts had any; how many, `most` a call.

    Each fact says that it was written later, when, and when the record was sealed; what happened to
    a record in between it cannot tell. Safe to run twice, and two at once. To be called by a person
    and never by itself: what is forged meanwhile would be attested like anything else.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ALONE)
        cursor.execute(_ATTEST, {"now": now, "most": most})
        return int(cursor.rowcount)
