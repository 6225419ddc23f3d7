"""A month of listening on a real PostgreSQL: catalogue, licence records, receipts, usages by COPY.

The server is the demo's own, with its writes kept safe as in production; tables come from the
migrations, rows are made by the server out of their numbers, so that two runs make the same month.
Triggers rest while it is loaded: what they guard is true by the way the rows are made; playback
tokens, which no close reads, are left out. Ten variations per recording, four sources in each,
three holders on each sheet, one in fifty with a society, every second of those for two of the four
countries that licences are for; popular variations are heard far more often than others; in every
sixth round each listener repeats the one before; one listener in a hundred pays and plays nothing,
one in a thousand holds a share of what is played, one in a thousand is not covered.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg

from portal.demo.embedded import Postgres

ROOT = Path(__file__).resolve().parent.parent
USAGES_PER_LISTENER = 50
USAGES_PER_VARIATION = 200
BYTES_PER_USAGE = 1_100
DATABASE = "month"
PARTITION = "royalties_usage_2026_10"
_REST = "UPDATE pg_index SET indisready = false WHERE indrelid = '{month}'::regclass"
T = TypeVar("T")

_PEOPLE = """
INSERT INTO catalog_party (id, name, kind, isni, ipi, created_at)
SELECT md5('party' || n)::uuid, 'Party ' || n, 'PERSON', '', '', '2025-01-01Z'
FROM generate_series(0, {recordings} * 3 - 1) n;
INSERT INTO catalog_work (id, title, iswc, created_at)
SELECT md5('work' || n)::uuid, 'Work ' || n, '', '2025-01-01Z'
FROM generate_series(0, {recordings} - 1) n;
INSERT INTO catalog_recording
    (id, title, party_id, work_id, isrc, explicit, state, stems_complete_at, created_at)
SELECT md5('recording' || n)::uuid, 'Recording ' || n, md5('party' || n * 3)::uuid,
       md5('work' || n)::uuid, '', false, 'COMPLETE', '2025-01-02Z', '2025-01-01Z'
FROM generate_series(0, {recordings} - 1) n;
INSERT INTO catalog_audioobject
    (digest, frames, original_sha256, original_bytes, archive_name, original_name, ingest_gain_db,
     notes, created_at)
SELECT md5('a' || n) || md5('b' || n), 480000, md5('a' || n) || md5('b' || n), 2880044,
       'archive/' || n, 'original/' || n, 0, '[]', '2025-01-01Z'
FROM generate_series(0, {recordings} * 4 - 1) n;
INSERT INTO catalog_stem
    (id, recording_id, party_id, audio_id, label, client_name, role, position, state, refusal,
     created_at)
SELECT md5('stem' || n)::uuid, md5('recording' || n / 4)::uuid, md5('party' || n / 4 * 3)::uuid,
       md5('a' || n) || md5('b' || n), 'Stem ' || n, '',
       (ARRAY['drums', 'bass', 'keys', 'vocals'])[1 + n % 4], n % 4, 'READY', '',
       '2025-01-01Z'
FROM generate_series(0, {recordings} * 4 - 1) n;
INSERT INTO catalog_splitsheet
    (id, "right", recording_id, work_id, version, state, effective_from, text, text_sha256,
     proposed_by, proposed_at, signed_at)
SELECT md5('sheet' || n || '/' || v)::uuid, (ARRAY['MASTER', 'PUBLISHING'])[v],
       CASE v WHEN 1 THEN md5('recording' || n)::uuid END,
       CASE v WHEN 2 THEN md5('work' || n)::uuid END, 1, 'SIGNED', '2025-01-03Z',
       'A split sheet.', md5('t' || n) || md5('t' || v), 'user:1', '2025-01-01Z', '2025-01-02Z'
FROM generate_series(0, {recordings} - 1) n, generate_series(1, 2) v;
INSERT INTO catalog_share
    (sheet_id, party_id, share_ppm, administered_by, administrator, administrator_territories)
SELECT md5('sheet' || n || '/' || v)::uuid, md5('party' || n * 3 + p)::uuid,
       (ARRAY[333334, 333333, 333333, 500001, 299999, 200000])[v * 3 - 2 + p],
       CASE WHEN v = 2 AND p = 2 AND n % 50 = 0 THEN 'SOCIETY' ELSE 'SELF' END,
       CASE WHEN v = 2 AND p = 2 AND n % 50 = 0 THEN 'GEMA' ELSE '' END,
       CASE WHEN v = 2 AND p = 2 AND n % 100 = 0 THEN '{{AT,DE}}' ELSE '{{}}' END::varchar[]
FROM generate_series(0, {recordings} - 1) n, generate_series(1, 2) v, generate_series(0, 2) p;
"""
_VARIATIONS = """
INSERT INTO clearance_clearance
    (id, use, requester_kind, requester_ref, territory, channel, stems, at, allowed, reasons,
     limits, terms, terms_sha256)
SELECT md5('clearance' || n)::uuid, 'REMIX', 'user', '1', (ARRAY['AT', 'DE', 'FR', 'US'])[1 + n],
       'SITE', '[]', '2026-09-01Z', true, '[]', '{{}}', '{{}}', repeat('0', 64)
FROM generate_series(0, 3) n;
INSERT INTO attribution_licencerecord
    (id, number, subject_kind, subject_ref, clearance_id, use, recipe_sha256, terms_sha256, policy,
     state, opened_at, sealed_at, windows_sha256, files, model_ppm, notes)
SELECT md5('record' || n)::uuid, n + 1, 'variation', md5('variation' || n),
       md5('clearance' || n / {recordings} % 4)::uuid, 'REMIX', repeat('0', 64), repeat('0', 64),
       'benchmark/1', 'SEALED', '2026-09-01Z', '2026-09-01Z', repeat('0', 64), '[]', 0, '[]'
FROM generate_series(0, {variations} - 1) n;
INSERT INTO attribution_attributionline (record_id, stem_id, ppm)
SELECT md5('record' || n)::uuid,
       md5('stem' || k * {recordings} + (n * 7919 + k * 104729) % {recordings})::uuid,
       CASE k WHEN 0 THEN 400000 + n % 1000 WHEN 1 THEN 300000 - n % 1000 WHEN 2 THEN 200000
              ELSE 100000 END
FROM generate_series(0, {variations} - 1) n, generate_series(0, 3) k;
INSERT INTO attribution_licencesource (record_id, stem_id, digest, position)
SELECT record_id, stem_id, repeat('0', 64),
       ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY stem_id) - 1
FROM attribution_attributionline;
"""
# Three prices; a receipt is 19 % tax inside, 30 % commission, the rest is the pool of October.
_RECEIPTS = """
INSERT INTO ledger_account (kind, owner_kind, owner_ref, currency, created_at)
VALUES ('cash', 'product', 'listening', 'EUR', '2026-10-01Z'),
       ('tax', 'country', 'DE', 'EUR', '2026-10-01Z'),
       ('commission', 'product', 'listening', 'EUR', '2026-10-01Z'),
       ('pool', 'month', '2026-10', 'EUR', '2026-10-01Z');
CREATE TEMP TABLE paid AS
SELECT n, amount, tax, (amount - tax) * 3 / 10 AS commission,
       amount - tax - (amount - tax) * 3 / 10 AS pool
FROM (SELECT n, amount, amount * 19 / 119 AS tax
      FROM (SELECT n, (ARRAY[9990000, 4990000, 14990000])[1 + n % 3]::bigint AS amount
            FROM generate_series(0, {listeners} - 1) n) a) b;
INSERT INTO ledger_journalentry
    (key, content_sha256, kind, memo, effective_at, created_at, posting_count, transaction)
SELECT 'receipt:' || n, md5('e' || n) || md5('f' || n), 'receipt', '', '2026-10-01Z',
       '2026-10-01Z', 4, 0
FROM paid ORDER BY n;
INSERT INTO ledger_posting (entry_id, account_id, side, amount_micros, ref)
SELECT entry.id, account.id, part.side, part.amount, ''
FROM paid JOIN ledger_journalentry entry ON entry.key = 'receipt:' || n
CROSS JOIN LATERAL (VALUES ('cash', 'debit', amount), ('tax', 'credit', tax),
    ('commission', 'credit', commission), ('pool', 'credit', pool)) part (kind, side, amount)
JOIN ledger_account account ON account.kind = part.kind
ORDER BY entry.id;
INSERT INTO receipts_receipt
    (id, key, content_sha256, kind, payer_kind, payer_ref, product, country, currency,
     amount_micros, tax_micros, fee_micros, commission_micros, pool_micros, covers_from,
     covers_until, received_at, entry_id, ends_cover)
SELECT md5('receipt' || n)::uuid, 'receipt:' || n, repeat('0', 64), 'SUBSCRIPTION', 'user',
       md5('listener' || n)::uuid::text, 'listening', 'DE', 'EUR', amount, tax, 0, commission, pool,
       '2026-10-01Z', '2026-11-01Z', '2026-10-01Z', entry.id, false
FROM paid JOIN ledger_journalentry entry ON entry.key = 'receipt:' || n;
INSERT INTO receipts_poolpart (receipt_id, month, amount_micros)
SELECT md5('receipt' || n)::uuid, '2026-10-01', pool FROM paid;
INSERT INTO royalties_payer (number, kind, ref)
SELECT n + 1, 'user', md5('listener' || n)::uuid::text FROM generate_series(0, {players} - 1) n;
"""
# u and v lie evenly in [0, 1): the square makes few variations popular.
_USAGES = """
SELECT lpad(to_hex(g), 32, '0')::uuid, NULL, md5('record' || variation)::uuid, 'user', listener,
       'user', listener, (g % {players} + 1)::int, variation + 1,
       CASE g % {players} % 1000 WHEN 17 THEN 'SELF' WHEN 71 THEN 'UNFUNDED' ELSE 'COUNTED' END,
       30000 + g % 150000, 0, moment, moment + interval '30 seconds', date '2026-10-01'
FROM (SELECT g, md5('listener' || listener)::uuid::text AS listener,
             floor({variations} * v * v)::int AS variation,
             timestamptz '2026-10-01Z' + (g - {players}) * (interval '31 days' / {usages}) AS moment
      FROM (SELECT g, listener,
                   (hashint8extended(
                        g - CASE g / {players} % 6 WHEN 5 THEN {players} ELSE 0 END, 2)
                    & 1073741823) / 1073741824.0 AS v
            FROM (SELECT g, g % {players} AS listener
                  FROM generate_series({begin}::bigint, {end}::bigint - 1) g) a) b) c
"""
_COLUMNS = """(token_id, minute, record_id, listener_kind, listener_ref, payer_kind, payer_ref,
    payer_number, record_number, state, heard_ms, repeat_score, played_at, received_at,
    accrual_month)"""


def check_disk(folder: Path, usages: int) -> str:
    """One sentence about the disk it needs; ends the program where there is too little."""
    needed, free = usages * BYTES_PER_USAGE + 500_000_000, shutil.disk_usage(folder).free
    words = f"needs {needed / 1e9:.1f} GB of disk in {folder}, {free / 1e9:.1f} GB are free"
    if free < needed:
        raise SystemExit(f"This {words}; name another folder in TMPDIR.")
    return words


def with_month(folder: Path, usages: int, work: Callable[[Postgres, float], T]) -> T:
    """Run `work` (given the server and the seconds that COPY took) on a loaded month."""
    server = Postgres(folder / "pg")
    server.start()
    try:
        migrated(server, folder, DATABASE)
        return work(server, load(server, usages))
    finally:
        server.stop()


def migrated(server: Postgres, folder: Path, database: str) -> None:
    """A database with the product's tables, which this process uses from now on."""
    server.create_database(database)
    environment = os.environ | {
        "DATABASE_URL": server.url(database, "stemma_owner"),
        "STEMMA_ENV": "test",
        "STEMMA_VAR": str(folder / "var"),
    }
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"]
    subprocess.run(command, env=environment, cwd=ROOT, check=True)
    os.environ |= environment | {"DATABASE_URL": server.url(database)}


def load(server: Postgres, usages: int) -> float:
    """Fill the tables; as superuser, because triggers rest meanwhile. Seconds that COPY took."""
    listeners = usages // USAGES_PER_LISTENER
    sizes = {
        "usages": usages,
        "listeners": listeners,
        "players": listeners - listeners // 100,
        "variations": usages // USAGES_PER_VARIATION,
        "recordings": usages // USAGES_PER_VARIATION // 10,
    }
    with server.connect(DATABASE, "postgres") as connection:
        connection.execute("SET session_replication_role = replica")
        for statements in (_PEOPLE, _VARIATIONS, _RECEIPTS):
            for one in filter(str.strip, statements.format(**sizes).split(";\n")):
                connection.execute(one.encode())
        connection.execute("SELECT royalties_open_usage_month('2026-10-01')")
        # Indexes are built in one go afterwards; row by row they would take most of an hour.
        connection.execute(_REST.format(month=PARTITION).encode())
        begun = time.perf_counter()
        _copy(server, connection, sizes)
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute(f"REINDEX TABLE {PARTITION}".encode())
        took = time.perf_counter() - begun
        connection.execute("VACUUM ANALYZE")
    return took


def _copy(server: Postgres, into: psycopg.Connection, sizes: dict[str, int]) -> None:
    """Usages from one connection to the other, through this process, in pieces of a few kB."""
    players = sizes["players"]
    rows = _USAGES.format(**sizes, begin=players, end=sizes["usages"] + players)
    with (
        server.connect(DATABASE, "postgres") as source,
        source.cursor().copy(f"COPY ({rows}) TO STDOUT (FORMAT binary)".encode()) as made,
        into.cursor().copy(
            f"COPY royalties_usage {_COLUMNS} FROM STDIN (FORMAT binary)".encode()
        ) as taken,
    ):
        for piece in made:
            taken.write(piece)
