"""Lines of a large close lie in a table of their own; a line's key says where it stands.

See docs/decisions/0152. The key is the statement's with the position in its last twelve digits, so
a position that is taken once in its batch is taken once anywhere, and so is a key. Lines of months
closed before keep the keys they have.
"""

from django.db import migrations, models

from licensing.audit.apart import lie_apart
from licensing.audit.kept_references import keep_references, missing

COLUMNS = (
    *("id", "statement_id", "position", "kind", "variation_sum_id", "record_id", "posting_id"),
    *("corrects_id", "note", "played_month", "stem_id", "right", "sheet_id", "party_id"),
    *("recording_title", "stem_label", "plays", "source_ppm", "share_ppm", "source_micros"),
    *("right_micros", "amount_micros", "other_micros", "batch"),
)
KEYS = (
    "royalties_statementline_pkey PRIMARY KEY (id, batch)",
    "statement_line_position_once UNIQUE (statement_id, position, batch)",
)
INDEXES = (
    "statement_line_of_record (record_id)",
    "statement_line_corrected (corrects_id) WHERE corrects_id IS NOT NULL",
)
WHOLE = """
DROP TRIGGER references_kept ON royalties_statementline;
DROP TRIGGER refuse_change_of_row ON royalties_statementline;
DROP TRIGGER refuse_truncate ON royalties_statementline;
DROP FUNCTION royalties_statementline_references();
ALTER TABLE royalties_statementline RENAME TO royalties_statementline_single;
ALTER TABLE royalties_statementline_single
    DROP CONSTRAINT royalties_statementline_pkey, DROP CONSTRAINT statement_line_position_once;
DROP INDEX statement_line_of_record, statement_line_corrected;
CREATE TABLE royalties_statementline (
    LIKE royalties_statementline_single INCLUDING DEFAULTS INCLUDING CONSTRAINTS
) PARTITION BY LIST (batch);
"""
# Back: what lay apart was put among the others by the step after this one, undone before it.
WHOLE_BACK = """
DROP TABLE royalties_statementline;
ALTER TABLE royalties_statementline_single RENAME TO royalties_statementline;
ALTER TABLE royalties_statementline
    ADD CONSTRAINT royalties_statementline_pkey PRIMARY KEY (id),
    ADD CONSTRAINT statement_line_position_once UNIQUE (statement_id, position);
CREATE INDEX statement_line_of_record ON royalties_statementline (record_id);
CREATE INDEX statement_line_corrected ON royalties_statementline (corrects_id)
    WHERE corrects_id IS NOT NULL;
GRANT SELECT, INSERT ON royalties_statementline TO stemma_app;
CREATE TRIGGER refuse_change_of_row BEFORE UPDATE OR DELETE ON royalties_statementline
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON royalties_statementline
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
ANALYZED = """
GRANT MAINTAIN ON royalties_payerpool, royalties_variationsum, royalties_listenerallocation,
    royalties_statement TO stemma_app;
"""
ANALYZED_BACK = ANALYZED.replace("GRANT", "REVOKE").replace(" TO ", " FROM ")
SUMS = {"variation_sum_id": "royalties_variationsum", "record_id": "attribution_licencerecord"}
SIDES = {
    "stem_id": "catalog_stem",
    "sheet_id": "catalog_splitsheet",
    "party_id": "catalog_party",
}
PLACED = {"posting_id": "ledger_posting", "corrects_id": "royalties_statementline"}
PLACES = r"""
ALTER TABLE royalties_statementline ADD CONSTRAINT statement_line_key_is_its_place CHECK (
    uuid_send(id)
    = substr(uuid_send(statement_id), 1, 10) || '\x0000'::bytea || int4send(position)
) NOT VALID;
"""
PLACES_BACK = """
ALTER TABLE royalties_statementline DROP CONSTRAINT statement_line_key_is_its_place;
"""
KEPT = keep_references(
    "royalties_statementline", {"statement_id": "royalties_statement"} | SUMS | SIDES | PLACED
)
# Three looks at a large batch instead of eight: columns that repeat together are taken together.
WRONG = f"""
WITH sums AS MATERIALIZED (
    SELECT DISTINCT variation_sum_id, record_id FROM {{fresh}}
), sides AS MATERIALIZED (
    SELECT DISTINCT stem_id, sheet_id, party_id FROM {{fresh}}
), places AS MATERIALIZED (
    SELECT DISTINCT statement_id, batch, posting_id, corrects_id FROM {{fresh}}
)
SELECT 'royalties_statementline refers to something that is not there' AS words,
       'foreign_key_violation' AS code
WHERE EXISTS (SELECT 1 FROM (SELECT DISTINCT statement_id, batch FROM places) named
              WHERE NOT EXISTS (SELECT 1 FROM royalties_statement known
                                WHERE known.id = named.statement_id AND known.batch = named.batch))
   OR {missing(SUMS, fresh="sums")}
   OR {missing(SIDES, fresh="sides")}
   OR {missing(PLACED, fresh="places")}
"""


class Migration(migrations.Migration):
    dependencies = [
        ("corrections", "0005_lines_by_the_set"),
        ("ledger", "0011_batches_apart"),
        ("royalties", "0012_evidence_by_the_set"),
    ]

    operations = [
        migrations.AddField(
            "statement",
            "batch",
            models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            "statementline",
            "batch",
            models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(WHOLE, f"{WHOLE_BACK}{KEPT.sql}"),
                lie_apart(
                    "royalties_statementline",
                    columns=COLUMNS,
                    wrong=WRONG,
                    keys=KEYS,
                    indexes=INDEXES,
                ),
                migrations.RunSQL(PLACES, PLACES_BACK),
                migrations.RunSQL(ANALYZED, ANALYZED_BACK),
            ],
            [
                migrations.RemoveConstraint("statementline", "statement_line_position_once"),
                migrations.AddConstraint(
                    "statementline",
                    models.UniqueConstraint(
                        fields=["statement", "position", "batch"],
                        name="statement_line_position_once",
                    ),
                ),
            ],
        ),
    ]
