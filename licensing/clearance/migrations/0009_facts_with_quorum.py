"""How many holders must say yes comes with the facts, and what was agreed on stays as it was.

`shares` runs in parallel to `holders`; `quorum` and `authority` are of the newest agreement of the
recording that counts, NULL where there is none.
"""

from importlib import import_module

from django.db import migrations

from licensing.audit.append_only import refuse_changes

_DROP = "DROP FUNCTION clearance_facts(uuid[], text, timestamptz);"
_BEFORE = import_module("licensing.clearance.migrations.0007_facts_with_approvals")._FACTS
_FACTS = """
CREATE FUNCTION clearance_facts(wanted uuid[], chosen text, moment timestamptz)
RETURNS TABLE (
    stem uuid, recording uuid, label text, role text, state text, recording_state text,
    digest text, held text[],
    master uuid, master_counts boolean, master_sha256 text,
    publishing uuid, publishing_counts boolean, publishing_sha256 text,
    holders text[], names text[], rights text[], societies text[], society_places text[], shares integer[],
    grants text[], givers text[], uses text[], limits text[], places text[], channels text[],
    valid_from text[], valid_until text[], granted_at text[],
    terms_version text[], terms_sha256 text[], withdrawn text[],
    approvals text[], approved bigint[], quorum text, authority uuid)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
SELECT s.id, s.recording_id, s.label::text, s.role::text, s.state::text, r.state::text,
    s.audio_id::text,
    ARRAY(SELECT hold.reason::text FROM clearance_hold hold
        WHERE hold.released_at IS NULL
            AND (hold.target_kind, hold.target_ref) IN
                (('STEM', s.id::text), ('RECORDING', r.id::text))
        ORDER BY hold.placed_at, hold.id),
    master.id, master.counts, master.text_sha256::text,
    publishing.id, publishing.counts, publishing.text_sha256::text,
    shared.*, granted.*, agreed.kind::text, agreed.authority_id
FROM catalog_stem s
JOIN catalog_recording r ON r.id = s.recording_id
LEFT JOIN LATERAL (
    SELECT sheet.id, sheet.text_sha256,
        sheet.state = 'SIGNED' AND sheet.effective_from <= moment AS counts
    FROM catalog_splitsheet sheet
    WHERE sheet.state IN ('PROPOSED', 'SIGNED')
        AND (sheet.stem_id = s.id OR sheet.recording_id = r.id)
    ORDER BY 3 DESC, sheet.stem_id IS NOT NULL DESC, sheet.version DESC LIMIT 1
) master ON true
LEFT JOIN LATERAL (
    SELECT sheet.id, sheet.text_sha256,
        sheet.state = 'SIGNED' AND sheet.effective_from <= moment AS counts
    FROM catalog_splitsheet sheet
    WHERE sheet.state IN ('PROPOSED', 'SIGNED') AND sheet.work_id = r.work_id
    ORDER BY 3 DESC, sheet.version DESC LIMIT 1
) publishing ON true
CROSS JOIN LATERAL (
    SELECT array_agg(line.party_id::text) parties, array_agg(line.name::text), array_agg(line."right"),
        array_agg(line.society::text), array_agg(line.places), array_agg(line.share_ppm)
    FROM (
        SELECT share.party_id, party.name, part."right",
            CASE share.administered_by WHEN 'SOCIETY' THEN share.administrator ELSE '' END society,
            array_to_string(share.administrator_territories, ' ') places,
            share.share_ppm
        FROM (VALUES (master.id, 'MASTER', master.counts),
                     (publishing.id, 'PUBLISHING', publishing.counts)) part (id, "right", counts)
        JOIN catalog_share share ON share.sheet_id = part.id
        JOIN catalog_party party ON party.id = share.party_id
        WHERE part.counts
        ORDER BY part."right", share.share_ppm DESC, share.party_id
    ) line
) shared
CROSS JOIN LATERAL (
    SELECT array_agg(given.id::text), array_agg(given.party_id::text),
        array_agg(array_to_string(given.uses, ' ')), array_agg(given.limits::text),
        array_agg(array_to_string(given.territories, ' ')),
        array_agg(CASE given.channels WHEN '{}' THEN '' ELSE to_json(given.channels)::text END),
        array_agg(given.valid_from::text), array_agg(given.valid_until::text),
        array_agg(given.granted_at::text),
        array_agg(given.terms_version::text), array_agg(given.terms_sha256::text),
        array_agg((SELECT string_agg(array_to_string(gone.uses, ' '), ' ')
                   FROM clearance_withdrawal gone WHERE gone.grant_id = given.id)),
        array_agg(given.approval::text),
        array_agg(CASE given.approval WHEN '{}' THEN 0 ELSE (
            SELECT count(*) FROM clearance_approval yes WHERE yes.state = 'APPROVED'
                AND yes.party_id = given.party_id AND yes.recording_id = r.id) END)
    FROM (
        SELECT newest.* FROM (SELECT DISTINCT unnest(shared.parties) party) holder
        CROSS JOIN LATERAL (
            SELECT g.* FROM clearance_grant g
            WHERE g.stem_id = s.id AND g.party_id = holder.party::uuid
                AND g.valid_from <= moment AND chosen = ANY(g.uses)
            ORDER BY g.granted_at DESC, g.id DESC LIMIT 1
        ) newest
        UNION ALL
        SELECT g.* FROM clearance_grant g WHERE chosen IS NULL AND g.stem_id = s.id
    ) given
) granted
LEFT JOIN LATERAL (
    SELECT a.kind, a.authority_id FROM clearance_consentagreement a
    WHERE a.recording_id = r.id AND a.counts_from <= moment
    ORDER BY a.counts_from DESC, a.id DESC LIMIT 1
) agreed ON true
WHERE s.id = ANY(wanted)
ORDER BY s.position, s.id;
END $$;
"""
_KEPT = """
CREATE FUNCTION agreement_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.counts_from IS NULL AND NEW.counts_from IS NOT NULL AND
        (NEW.id, NEW.recording_id, NEW.kind, NEW.basis, NEW.text, NEW.text_sha256,
         NEW.recorded_by, NEW.recorded_at) =
        (OLD.id, OLD.recording_id, OLD.kind, OLD.basis, OLD.text, OLD.text_sha256,
         OLD.recorded_by, OLD.recorded_at) AND
        NEW.authority_id IS NOT DISTINCT FROM OLD.authority_id
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an agreement on consent changes only once, when it begins to count'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER agreement_stands BEFORE UPDATE OR DELETE ON clearance_consentagreement
    FOR EACH ROW EXECUTE FUNCTION agreement_stands();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON clearance_consentagreement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
_FREE = """
DROP TRIGGER agreement_stands ON clearance_consentagreement;
DROP TRIGGER refuse_truncate ON clearance_consentagreement;
DROP FUNCTION agreement_stands();
"""


class Migration(migrations.Migration):
    dependencies = [("clearance", "0008_quorum")]
    operations = [
        migrations.RunSQL(_DROP + _FACTS, _DROP + _BEFORE),
        migrations.RunSQL(_KEPT, _FREE),
        refuse_changes("clearance_consentsignature"),
    ]
