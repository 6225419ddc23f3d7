"""What a database consists of besides its rows: every object by name, with the text that makes it.

Two databases are alike when their shapes are equal. Order of columns is left out, for a column that
was away comes back as the last one; so are casts of texts in constraints, which PostgreSQL writes
in another way once a column was shorter.
"""

import psycopg

_SHAPES = r"""
    SELECT 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid) || who(p.proacl)
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'
UNION ALL
    SELECT concat('trigger ', t.tgname, ' on ', t.tgrelid::regclass),
           concat(pg_get_triggerdef(t.oid), ' ', t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
UNION ALL
    SELECT concat('constraint ', k.conname, ' on ', k.conrelid::regclass),
           concat(regexp_replace(pg_get_constraintdef(k.oid),
                                 '[()]|::(text|character varying)(\[\])?', '', 'g'),
                  ' ', k.convalidated)
    FROM pg_constraint k WHERE k.connamespace = 'public'::regnamespace AND k.contype <> 'n'
UNION ALL
    SELECT concat('index ', x.indexrelid::regclass), pg_get_indexdef(x.indexrelid)
    FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
    SELECT concat('relation ', c.oid::regclass),
           concat(c.relkind, ' ', pg_get_partkeydef(c.oid), ' ',
                  pg_get_expr(c.relpartbound, c.oid), ' ', i.inhparent::regclass, who(c.relacl))
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
UNION ALL
    SELECT concat('column ', a.attname, ' of ', a.attrelid::regclass),
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                     a.attstorage, pg_get_expr(d.adbin, d.adrelid)) || who(a.attacl)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
      AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
    SELECT concat('sequence ', s.seqrelid::regclass),
           concat_ws(' ', format_type(s.seqtypid, NULL), s.seqincrement, s.seqmax,
                     d.refobjid::regclass, d.deptype)
    FROM pg_sequence s LEFT JOIN pg_depend d
        ON d.objid = s.seqrelid AND d.classid = 'pg_class'::regclass AND d.refobjsubid > 0
"""
_WHO = """
    CREATE FUNCTION pg_temp.who(given aclitem[]) RETURNS text LANGUAGE sql AS $$
        SELECT ' for ' || COALESCE((SELECT string_agg(one::text, ' ' ORDER BY one::text)
                                    FROM unnest(given) one), 'its owner')
    $$
"""


def shape_of(connection: psycopg.Connection) -> dict[str, str]:
    """Functions, triggers, constraints, indexes, tables, columns and sequences of our schema."""
    with connection.transaction(force_rollback=True):
        connection.execute(_WHO)
        rows = connection.execute(_SHAPES.replace("who(", "pg_temp.who("))
        return dict(rows.fetchall())


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """One line per object that is not the same in both."""
    names = sorted(before.keys() | after.keys())
    told = {name: (before.get(name, "-"), after.get(name, "-")) for name in names}
    return [f"{name}: {one}  ->  {other}" for name, (one, other) in told.items() if one != other]
