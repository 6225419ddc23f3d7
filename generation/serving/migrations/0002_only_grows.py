"""Routes only grow, and the spans of each fill exactly a thousand places."""

from django.db import migrations

from licensing.audit.append_only import refuse_changes

_WHOLE = """
CREATE FUNCTION serving_together(places smallint[]) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT sum(one) FROM unnest(places) AS one $$;
ALTER TABLE serving_netroute ADD CONSTRAINT route_is_whole
    CHECK (serving_together(places) = 1000 AND 0 < ALL (places));
"""
_BACK = """
ALTER TABLE serving_netroute DROP CONSTRAINT route_is_whole;
DROP FUNCTION serving_together(smallint[]);
"""


class Migration(migrations.Migration):
    dependencies = [("serving", "0001_initial")]

    operations = [
        migrations.RunSQL(_WHOLE, _BACK),
        refuse_changes("serving_netroute"),
    ]
