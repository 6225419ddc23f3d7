"""A division of lists as a function that any process may call, and references asked for by value.

A query inside a query for each row (LATERAL) stays with the process that began; a function does
not. It divides a total over weights by largest remainder, ties to the smaller key, as
`licensing/money.py` says it; the wide one where a product exceeds 64 bits.
"""

from django.db import migrations

_DIVIDE = """
CREATE FUNCTION {name}(total bigint, whole bigint, keys integer[], weights integer[])
RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_agg(floored + CASE WHEN place <= total - taken THEN 1 ELSE 0 END ORDER BY nth)
    FROM (
        SELECT nth, floored, (SUM(floored) OVER ())::bigint AS taken,
               ROW_NUMBER() OVER (ORDER BY fraction DESC, key) AS place
        FROM (
            SELECT nth, key, {quotient} AS floored, {remainder} AS fraction
            FROM unnest(keys, weights) WITH ORDINALITY AS given (key, weight, nth)
        ) quotas
    ) ranked
$$;
"""
_NARROW = _DIVIDE.format(
    name="royalties_divide",
    quotient="(total * weight) / whole",
    remainder="(total * weight) % whole",
)
_WIDE = _DIVIDE.format(
    name="royalties_divide_wide",
    quotient="div(total::numeric * weight, whole)::bigint",
    remainder="mod(total::numeric * weight, whole)",
)
_BACK = """
DROP FUNCTION royalties_divide(bigint, bigint, integer[], integer[]);
DROP FUNCTION royalties_divide_wide(bigint, bigint, integer[], integer[]);
"""


class Migration(migrations.Migration):
    dependencies = [("royalties", "0007_plays_that_look_odd")]

    operations = [migrations.RunSQL(_NARROW + _WIDE, _BACK)]
