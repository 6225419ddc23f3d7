"""Tables of millions of rows whose large batches lie apart: a partition each, indexed in one go.

Used by migrations alone. Rows that come by INSERT lie in batch 0, the partition `<table>_single`. A
large batch is opened (a bare table that takes rows from the application and is no part of anything
yet), filled, and attached: then the application has no right on it any more, its indexes are built
at once by several processes, every row is checked, and it becomes a partition. Kept up row by row,
the same indexes take six times as long. Invariant: what a statement's rows are asked when they are
inserted, the rows of a batch are asked before it is attached; and a partition refuses what the
whole table refuses, whoever names it.

A batch may be filled and indexed by another connection, which commits it before it is attached:
from then on the application has no right on it, and what nobody attaches is swept by a later batch.
Invariant: whoever filled it, the transaction that attaches it looks at every row that is there.
"""

from collections.abc import Sequence

from django.db import migrations

# Triggers on rows are the whole table's and come with being attached; those on statements do not.
_GUARDS = """
CREATE TRIGGER check_rows AFTER INSERT ON {part} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_check_rows();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {part}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
_WHOLE = """
ALTER TABLE {table} ATTACH PARTITION {table}_single FOR VALUES IN (0);
{indexes}
CREATE TRIGGER refuse_change_of_row BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
REVOKE ALL ON {table}, {table}_single FROM stemma_app;
GRANT SELECT, INSERT ({columns}), MAINTAIN ON {table} TO stemma_app;
CREATE SEQUENCE {table}_batch;
REVOKE ALL ON SEQUENCE {table}_batch FROM stemma_app;

CREATE FUNCTION {table}_check_rows() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    SELECT * INTO wrong FROM ({wrong}) found LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%', wrong.words USING ERRCODE = wrong.code;
    END IF;
    RETURN NULL;
END $$;
"""
_OPEN = """
CREATE FUNCTION {table}_open_batch() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    batch bigint := nextval('{table}_batch');
    part text := '{table}_' || batch;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS,'
                   ' CONSTRAINT is_its_batch CHECK (batch = %s))', part, batch);
    EXECUTE format('REVOKE ALL ON %I FROM stemma_app', part);
    EXECUTE format('GRANT INSERT ({columns}) ON %I TO stemma_app', part);
    RETURN batch;
END $$;
"""
_ATTACH = """
CREATE FUNCTION {table}_attach_batch(batch bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part text := '{table}_' || batch;
    wrong record;
BEGIN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('REVOKE ALL ON %I FROM stemma_app', part);
    {indexes}
    EXECUTE format($guards${guards}$guards$, part);
    EXECUTE format('ANALYZE %I', part);
    EXECUTE format($query$SELECT * FROM ({wrong}) found LIMIT 1$query$, part) INTO wrong;
    IF wrong.words IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong.words USING ERRCODE = wrong.code;
    END IF;
    EXECUTE format('ALTER TABLE {table} ATTACH PARTITION %I FOR VALUES IN (%s)', part, batch);
    {attached}
END $$;
"""
_SHARE = """
CREATE FUNCTION {table}_share_batches() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(hashtextextended('batches of {table}', 0))
$$;
"""
# What was attached once has guards, also when somebody has detached it since.
_SWEEP = """
CREATE FUNCTION {table}_sweep_batches() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part regclass;
    swept int := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('batches of {table}', 0)) THEN
        RETURN 0;
    END IF;
    FOR part IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relname ~ '^{table}_[0-9]+$'
          AND relkind = 'r' AND relowner = current_user::regrole
          AND NOT relispartition AND NOT relhastriggers
    LOOP
        EXECUTE format('DROP TABLE %s', part);
        swept := swept + 1;
    END LOOP;
    RETURN swept;
END $$;
"""
_FINISH = """
CREATE FUNCTION {table}_batch(batch bigint) RETURNS regclass
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    part regclass := to_regclass('public.{table}_' || batch);
BEGIN
    IF part IS NULL THEN
        RAISE EXCEPTION 'there is no batch % of {table}', batch USING ERRCODE = 'undefined_table';
    END IF;
    RETURN part;
END $$;

CREATE FUNCTION {table}_finish_batch(batch bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part regclass := {table}_batch(batch);
BEGIN
    EXECUTE format('REVOKE ALL ON %s FROM stemma_app', part);
    {indexes}
    EXECUTE format('ANALYZE %s', part);
END $$;
"""
# Under a snapshot of before, rows that another transaction has committed since are not looked at.
_ATTACH_FINISHED = """
CREATE OR REPLACE FUNCTION {table}_attach_batch(batch bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part regclass := {table}_batch(batch);
    wrong record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a batch is attached by a transaction that sees all of it'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', part);
    IF NOT EXISTS (SELECT FROM pg_index WHERE indrelid = part) THEN
        PERFORM {table}_finish_batch(batch);
    END IF;
    EXECUTE format($guards${guards}$guards$, part);
    EXECUTE format($query$SELECT * FROM ({wrong}) found LIMIT 1$query$, part) INTO wrong;
    IF wrong.words IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong.words USING ERRCODE = wrong.code;
    END IF;
    EXECUTE format('ALTER TABLE {table} ATTACH PARTITION %s FOR VALUES IN (%s)', part, batch);
    {attached}
END $$;
"""
# Back: rows of all batches lie in `<table>_single` again, which has no keys, indexes and triggers;
# the whole table stays behind, empty.
_TOGETHER = """
ALTER TABLE {table} DETACH PARTITION {table}_single;
DROP TRIGGER check_rows ON {table}_single;
DROP TRIGGER refuse_truncate ON {table}_single;
DROP TRIGGER check_rows ON {table};
DO $$
DECLARE
    part regclass;
    name text;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = '{table}'::regclass LOOP
        EXECUTE format('INSERT INTO {table}_single SELECT * FROM %s', part);
        EXECUTE format('ALTER TABLE {table} DETACH PARTITION %s', part);
        EXECUTE format('DROP TABLE %s', part);
    END LOOP;
    FOR name IN SELECT conname FROM pg_constraint
        WHERE conrelid = '{table}_single'::regclass AND contype IN ('p', 'u')
    LOOP
        EXECUTE format('ALTER TABLE {table}_single DROP CONSTRAINT %I', name);
    END LOOP;
    FOR name IN SELECT indexrelid::regclass FROM pg_index
        WHERE indrelid = '{table}_single'::regclass
    LOOP
        EXECUTE format('DROP INDEX %s', name);
    END LOOP;
END $$;
DROP FUNCTION {table}_attach_batch(bigint);
DROP FUNCTION {table}_open_batch();
DROP FUNCTION {table}_check_rows();
DROP SEQUENCE {table}_batch;
"""
_NOT_BESIDE = """
DROP FUNCTION {table}_sweep_batches();
DROP FUNCTION {table}_share_batches();
DROP FUNCTION {table}_finish_batch(bigint);
DROP FUNCTION {table}_batch(bigint);
"""
_BESIDE_FOR_THE_APPLICATION = """
REVOKE ALL ON FUNCTION {table}_finish_batch(bigint), {table}_sweep_batches() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {table}_finish_batch(bigint), {table}_sweep_batches() TO stemma_app;
"""
_FOR_THE_APPLICATION = """
REVOKE ALL ON FUNCTION {table}_open_batch(), {table}_attach_batch(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {table}_open_batch(), {table}_attach_batch(bigint) TO stemma_app;
"""


def lie_apart(
    table: str,
    *,
    columns: Sequence[str],
    keys: Sequence[str],
    indexes: Sequence[str],
    wrong: str,
    wrong_apart: str = "",
    attached: str = "",
) -> migrations.RunSQL:
    """The step after `table` was made anew, partitioned BY LIST (batch), while its rows lie in
    `<table>_single`, without triggers, keys and indexes.

    columns: what the application may write; keys: "name KIND (columns)" with `batch` among the
    columns; indexes: "name (columns) ..."; wrong: a query over new rows, {fresh}, that finds the
    (words, code) of an exception; wrong_apart: the same over a whole batch, where it is another;
    attached: statements that follow, in PL/pgSQL.
    """
    said = {"table": table, "columns": ", ".join(f'"{name}"' for name in columns)}
    of_whole = [f"ALTER TABLE {table} ADD CONSTRAINT {key};" for key in keys]
    for index in indexes:
        name, bare = index.split(" ", 1)
        of_whole.append(f"CREATE INDEX {name} ON {table} {bare};")
    whole = _WHOLE.format(**said, indexes="\n".join(of_whole), wrong=wrong.format(fresh="fresh"))
    attach = _attach(table, keys, indexes, wrong_apart or wrong, attached)
    guards = [_GUARDS.format(table=table, part=part) for part in (table, f"{table}_single")]
    return migrations.RunSQL(
        "".join(
            (whole, *guards, _OPEN.format(**said), attach, _FOR_THE_APPLICATION.format(**said))
        ),
        _TOGETHER.format(table=table),
    )


def _attach(
    table: str, keys: Sequence[str], indexes: Sequence[str], wrong: str, attached: str
) -> str:
    """How a batch is attached that nobody has indexed yet; `wrong` is over a whole batch."""
    made = [f"ALTER TABLE %I ADD {key.split(' ', 1)[1]}" for key in keys]
    made += [f"CREATE INDEX ON %I {index.split(' ', 1)[1]}" for index in indexes]
    return _ATTACH.format(
        table=table,
        indexes="\n    ".join(f"EXECUTE format('{one}', part);" for one in made),
        guards=_GUARDS.format(table=table, part="%1$I"),
        wrong=wrong.replace("%", "%%").format(fresh="%1$I"),
        attached=attached,
    )


def fill_beside(
    table: str, *, keys: Sequence[str], indexes: Sequence[str], wrong: str, attached: str = ""
) -> migrations.RunSQL:
    """The step after which another connection may fill and index a batch of a table that lies
    apart. As in `lie_apart`; `wrong` is over a whole batch.
    """
    made = [f"ALTER TABLE %s ADD {key.split(' ', 1)[1]}" for key in keys]
    made += [f"CREATE INDEX ON %s {index.split(' ', 1)[1]}" for index in indexes]
    of_part = "\n    ".join(f"EXECUTE format('{one}', part);" for one in made)
    finish = _FINISH.format(table=table, indexes=of_part)
    attach = _ATTACH_FINISHED.format(
        table=table,
        guards=_GUARDS.format(table=table, part="%1$s"),
        wrong=wrong.replace("%", "%%").format(fresh="%1$s"),
        attached=attached.replace("%I", "%s"),
    )
    others = (_SHARE, _SWEEP, _BESIDE_FOR_THE_APPLICATION)
    share, sweep, rights = (one.format(table=table) for one in others)
    before = _attach(table, keys, indexes, wrong, attached)
    return migrations.RunSQL(
        "".join((share, sweep, finish, attach, rights)),
        _NOT_BESIDE.format(table=table)
        + before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
    )
