"""A large catalogue of consent on a real PostgreSQL: stems, signed sheets, grants, withdrawals.

The server is the demo's own, started here in a temporary folder; tables come from the migrations,
rows are made by the server out of their numbers, so that two runs make the same catalogue. Triggers
rest while it is loaded: what they guard is true by the way the rows are made. Every stem has three
holders; each of them granted three or four times, wider each time, so the newest of many governs.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from portal.demo.embedded import Postgres

ROOT = Path(__file__).resolve().parent.parent
STEMS_PER_RECORDING = 4
GRANTS_PER_STEM = 10
BYTES_PER_STEM = 25_000
T = TypeVar("T")

_PEOPLE = """
INSERT INTO catalog_party (id, name, kind, isni, ipi, created_at)
SELECT md5('party' || n)::uuid, 'Party ' || n, 'PERSON', '', '', '2025-01-01Z'
FROM generate_series(0, %(recordings)s * 3 - 1) n;
INSERT INTO catalog_work (id, title, iswc, created_at)
SELECT md5('work' || n)::uuid, 'Work ' || n, '', '2025-01-01Z'
FROM generate_series(0, %(recordings)s - 1) n;
INSERT INTO catalog_recording
    (id, title, party_id, work_id, isrc, explicit, state, stems_complete_at, created_at)
SELECT md5('recording' || n)::uuid, 'Recording ' || n, md5('party' || n * 3)::uuid,
       md5('work' || n)::uuid, '', false, 'COMPLETE', '2025-01-02Z', '2025-01-01Z'
FROM generate_series(0, %(recordings)s - 1) n;
INSERT INTO catalog_audioobject
    (digest, frames, original_sha256, original_bytes, archive_name, original_name, ingest_gain_db,
     notes, created_at)
SELECT md5('a' || n) || md5('b' || n), 480000, md5('a' || n) || md5('b' || n), 2880044,
       'archive/' || n, 'original/' || n, 0, '[]', '2025-01-01Z'
FROM generate_series(0, %(recordings)s * 4 - 1) n;
INSERT INTO catalog_stem
    (id, recording_id, party_id, audio_id, label, client_name, role, position, state, refusal,
     created_at)
SELECT md5('stem' || n)::uuid, md5('recording' || n / 4)::uuid, md5('party' || n / 4 * 3)::uuid,
       md5('a' || n) || md5('b' || n), 'Stem ' || n, '',
       (ARRAY['drums', 'bass', 'keys', 'vocals'])[1 + n %% 4], n %% 4, 'READY', '', '2025-01-01Z'
FROM generate_series(0, %(recordings)s * 4 - 1) n;
"""
# Per recording: a master sheet of two versions, and a publishing sheet one share in fifty of which
# a society collects.
_SHEETS = """
INSERT INTO catalog_splitsheet
    (id, "right", recording_id, work_id, version, state, effective_from, text, text_sha256,
     proposed_by, proposed_at, signed_at)
SELECT md5('sheet' || n || '/' || v)::uuid, CASE WHEN v = 3 THEN 'PUBLISHING' ELSE 'MASTER' END,
       CASE WHEN v < 3 THEN md5('recording' || n)::uuid END,
       CASE WHEN v = 3 THEN md5('work' || n)::uuid END,
       CASE WHEN v = 3 THEN 1 ELSE v END, 'SIGNED',
       timestamptz '2025-01-02Z' + v * interval '1 day',
       'A split sheet.', md5('t' || n) || md5('t' || v), 'user:1', '2025-01-01Z', '2025-01-02Z'
FROM generate_series(0, %(recordings)s - 1) n, generate_series(1, 3) v;
INSERT INTO catalog_share
    (sheet_id, party_id, share_ppm, administered_by, administrator, administrator_territories)
SELECT md5('sheet' || n || '/' || v)::uuid, md5('party' || n * 3 + p)::uuid,
       CASE WHEN v < 3 THEN 500000 WHEN p = 0 THEN 400000 ELSE 300000 END,
       CASE WHEN v = 3 AND p = 2 AND n %% 50 = 0 THEN 'SOCIETY' ELSE 'SELF' END,
       CASE WHEN v = 3 AND p = 2 AND n %% 50 = 0 THEN 'GEMA' ELSE '' END,
       CASE WHEN v = 3 AND p = 2 AND n %% 50 = 0 THEN ARRAY['DE'] ELSE '{}' END
FROM generate_series(0, %(recordings)s - 1) n, generate_series(1, 3) v, generate_series(0, 2) p
WHERE v = 3 OR p < 2;
"""
# The first holder grants four times, the others three times; k counts up from the oldest.
_GRANTS = """
INSERT INTO clearance_grant
    (id, stem_id, party_id, uses, limits, territories, channels, valid_from, valid_until,
     terms_version, terms_sha256, granted_at, granted_by, approval, royalty_terms, method, strength,
     locale, source_hmac, evidence_sha256)
SELECT md5('grant' || n || '/' || p || '/' || k)::uuid, md5('stem' || n)::uuid,
       md5('party' || n / 4 * 3 + p)::uuid,
       CASE k WHEN 1 THEN ARRAY['REMIX'] WHEN 2 THEN ARRAY['MOOD', 'REMIX']
              ELSE ARRAY['AMBIENT', 'FOCUS', 'MOOD', 'REMIX'] END,
       jsonb_build_object('tempo_min_ratio', 0.8, 'tempo_max_ratio', 1 + 0.05 * k,
                          'semitones_max', k, 'vocals', true, 'with_others', n %% 2 = 0),
       CASE WHEN n %% 40 = 3 THEN ARRAY['AT', 'DE', 'FR'] ELSE '{}' END,
       CASE WHEN n %% 40 = 7 THEN ARRAY['SITE'] ELSE '{}' END,
       timestamptz '2025-02-01Z' + k * interval '30 days',
       CASE WHEN n %% 100 = 11 THEN timestamptz '2026-01-01Z' END,
       '2026-11', repeat('0', 64), timestamptz '2025-02-01Z' + k * interval '30 days', 'user:1',
       CASE WHEN p = 0 AND n / 4 %% 10 = 1
            THEN '{"first": 3, "within": {"tempo_max_ratio": 1.2}}'::jsonb ELSE '{}' END,
       ARRAY['LISTEN from 2025-01-01'], 'password, given again', 'ONE_FACTOR', 'en',
       md5('from' || p) || md5('address' || p), ''
FROM generate_series(0, %(recordings)s * 4 - 1) n, generate_series(0, 2) p,
     generate_series(1, CASE p WHEN 0 THEN 4 ELSE 3 END) k
ORDER BY k, md5('order' || n);
INSERT INTO clearance_consentagreement
    (id, recording_id, kind, basis, text, text_sha256, recorded_by, recorded_at, counts_from)
SELECT md5('agreement' || n)::uuid, md5('recording' || n)::uuid, 'MAJORITY', '', 'An agreement.',
       repeat('0', 64), 'user:1', '2025-03-01Z', '2025-03-02Z'
FROM generate_series(0, %(recordings)s - 1) n WHERE n %% 50 = 2;
INSERT INTO clearance_withdrawal (grant_id, uses, effect, at, by, reason, method, strength, locale,
     source_hmac, evidence_sha256)
SELECT id, uses, 'TAKE_DOWN', '2026-06-01Z', 'user:1', '', method, strength, locale, source_hmac, ''
FROM clearance_grant WHERE hashtextextended(id::text, 0) %% 20 = 0;
INSERT INTO clearance_hold
    (id, target_kind, target_ref, reason, placed_by, placed_at, released_by, released_at)
SELECT md5('hold' || n)::uuid, 'RECORDING', md5('recording' || n)::uuid::text, 'A notice.',
       'user:1', '2026-03-01Z', CASE WHEN n %% 1000 = 0 THEN '' ELSE 'user:1' END,
       CASE WHEN n %% 1000 = 0 THEN NULL ELSE timestamptz '2026-03-02Z' END
FROM generate_series(0, %(recordings)s - 1, 100) n;
INSERT INTO clearance_societyagreement
    (society, reference, uses, territories, valid_from, recorded_by, recorded_at, method, strength,
     locale, source_hmac, evidence_sha256)
VALUES ('GEMA', '1', ARRAY['REMIX', 'MOOD'], ARRAY['DE'], '2025-01-01Z', 'user:1', '2025-01-01Z',
        '', '', '', '', '');
"""


def disk_needed(stems: int) -> int:
    """Bytes of disk that a catalogue of so many stems takes, with its log of writes."""
    return stems * BYTES_PER_STEM + 300_000_000


def check_disk(folder: Path, stems: int) -> str:
    """One sentence about the disk it needs; ends the program where there is too little."""
    needed, free = disk_needed(stems), shutil.disk_usage(folder).free
    words = f"needs {needed / 1e9:.1f} GB of disk in {folder}, {free / 1e9:.1f} GB are free"
    if free < needed:
        raise SystemExit(f"This {words}; name another folder in TMPDIR.")
    return words


def with_catalogue(folder: Path, stems: int, work: Callable[[Postgres], T]) -> T:
    """Run `work` on a server that holds the catalogue; it is stopped afterwards."""
    server = Postgres(folder / "pg", durable=False)
    server.start()
    try:
        server.create_database("consent")
        environment = os.environ | {
            "DATABASE_URL": server.url("consent", "stemma_owner"),
            "STEMMA_ENV": "test",
            "STEMMA_VAR": str(folder / "var"),
        }
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"]
        subprocess.run(command, env=environment, cwd=ROOT, check=True)
        load(server, stems // STEMS_PER_RECORDING)
        os.environ |= environment | {"DATABASE_URL": server.url("consent")}
        return work(server)
    finally:
        server.stop()


def load(server: Postgres, recordings: int) -> None:
    """Fill the tables of `consent`; as superuser, because triggers rest meanwhile."""
    with server.connect("consent", "postgres") as connection:
        connection.execute("SET session_replication_role = replica")
        for statements in (_PEOPLE, _SHEETS, _GRANTS):
            for one in filter(str.strip, statements.split(";\n")):
                text = one.replace("%(recordings)s", str(recordings)).replace("%%", "%")
                connection.execute(text.encode())
        connection.execute("VACUUM ANALYZE")
