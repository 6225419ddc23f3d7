"""What a closed month counted goes on counting, and a token says who paid for good.

The application may change of a play what decisions change (its state, month, price, anomaly), of a
token how far it was fetched, and removes neither. A play that counted in a closed month may count
in an open one instead (a chargeback that is won); that it counts nobody takes back, the owner by
hand neither.
"""

from django.db import migrations

_GUARD = """
CREATE FUNCTION royalties_counted_plays_count() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM royalties_period WHERE month = OLD.accrual_month) THEN
        RAISE EXCEPTION 'a play that counted in a closed month goes on counting'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER counted_plays_count BEFORE UPDATE OF state ON royalties_usage
    FOR EACH ROW WHEN (OLD.state = 'COUNTED' AND NEW.state <> 'COUNTED')
    EXECUTE FUNCTION royalties_counted_plays_count();
REVOKE UPDATE, DELETE, TRUNCATE ON royalties_usage, royalties_playbacktoken FROM stemma_app;
GRANT UPDATE (state, accrual_month, rate_micros, anomaly_id) ON royalties_usage TO stemma_app;
GRANT UPDATE (fetched_ms) ON royalties_playbacktoken TO stemma_app;
"""
_BACK = """
DROP TRIGGER counted_plays_count ON royalties_usage;
DROP FUNCTION royalties_counted_plays_count();
REVOKE UPDATE (state, accrual_month, rate_micros, anomaly_id) ON royalties_usage FROM stemma_app;
REVOKE UPDATE (fetched_ms) ON royalties_playbacktoken FROM stemma_app;
GRANT UPDATE, DELETE ON royalties_usage, royalties_playbacktoken TO stemma_app;
"""


class Migration(migrations.Migration):
    dependencies = [("royalties", "0021_where_money_came_from")]
    operations = [migrations.RunSQL(_GUARD, _BACK)]
