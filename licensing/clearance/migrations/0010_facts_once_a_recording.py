"""Sheets, holders, holds and agreements are looked up once per recording, not once per stem.

A row is still a stem. The holders of a sheet and the grants of a stem come as JSON texts, lists of
lists: `licensing/clearance/facts.py` names their fields in the same order. A stem with a sheet of
its own is divided by that one where it counts, or where its recording's does not count either.
"""

from importlib import import_module

from django.db import migrations

_DROP = "DROP FUNCTION clearance_facts(uuid[], text, timestamptz);"
_BEFORE = import_module("licensing.clearance.migrations.0009_facts_with_quorum")._FACTS
_SHEET = """
    SELECT sheet.id, sheet.text_sha256,
        sheet.state = 'SIGNED' AND sheet.effective_from <= moment AS counts
    FROM catalog_splitsheet sheet
    WHERE sheet.state IN ('PROPOSED', 'SIGNED') AND {stands}
    ORDER BY 3 DESC, sheet.version DESC LIMIT 1
"""
_HOLDERS = """
    SELECT array_agg(share.party_id) AS parties,
        json_agg(json_build_array(
            share.party_id, party.name,
            CASE share.administered_by WHEN 'SOCIETY' THEN share.administrator ELSE '' END,
            share.administrator_territories, share.share_ppm
        ) ORDER BY share.share_ppm DESC, share.party_id)::text AS told
    FROM catalog_share share JOIN catalog_party party ON party.id = share.party_id
    WHERE share.sheet_id = {sheet}.id AND {sheet}.counts
"""
_HELD = """ARRAY(SELECT hold.reason::text FROM clearance_hold hold
        WHERE hold.released_at IS NULL AND hold.target_kind = '{kind}'
            AND hold.target_ref = {ref}::text
        ORDER BY hold.placed_at, hold.id)"""
_FACTS = f"""
CREATE FUNCTION clearance_facts(wanted uuid[], chosen text, moment timestamptz)
RETURNS TABLE (
    stem uuid, recording uuid, label text, role text, state text, recording_state text,
    digest text, held text[],
    master uuid, master_counts boolean, master_sha256 text, master_holders text,
    publishing uuid, publishing_counts boolean, publishing_sha256 text, publishing_holders text,
    grants text, quorum text, authority uuid)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
WITH asked AS MATERIALIZED (
    SELECT s.id, s.recording_id, s.label, s.role, s.state, s.audio_id, s.position
    FROM catalog_stem s WHERE s.id = ANY(wanted)
), whole AS MATERIALIZED (
    SELECT r.id, r.state, {_HELD.format(kind="RECORDING", ref="r.id")} AS held,
        master.id AS master, master.counts AS master_counts, master.text_sha256 AS master_sha256,
        mine.told AS master_told, mine.parties AS master_parties,
        publishing.id AS publishing, publishing.counts AS publishing_counts,
        publishing.text_sha256 AS publishing_sha256,
        ours.told AS publishing_told, ours.parties AS publishing_parties,
        agreed.kind AS quorum, agreed.authority_id AS authority
    FROM (SELECT DISTINCT recording_id FROM asked) one
    JOIN catalog_recording r ON r.id = one.recording_id
    LEFT JOIN LATERAL ({_SHEET.format(stands="sheet.recording_id = r.id")}) master ON true
    LEFT JOIN LATERAL ({_SHEET.format(stands="sheet.work_id = r.work_id")}) publishing ON true
    CROSS JOIN LATERAL ({_HOLDERS.format(sheet="master")}) mine
    CROSS JOIN LATERAL ({_HOLDERS.format(sheet="publishing")}) ours
    LEFT JOIN LATERAL (
        SELECT a.kind, a.authority_id FROM clearance_consentagreement a
        WHERE a.recording_id = r.id AND a.counts_from <= moment
        ORDER BY a.counts_from DESC, a.id DESC LIMIT 1
    ) agreed ON true
), divided AS (
    SELECT s.*, w.state AS recording_state,
        {_HELD.format(kind="STEM", ref="s.id")} || w.held AS held, w.quorum, w.authority,
        w.publishing, w.publishing_counts, w.publishing_sha256, w.publishing_told,
        w.publishing_parties,
        CASE WHEN is_own THEN own.id ELSE w.master END AS master,
        CASE WHEN is_own THEN own.counts ELSE w.master_counts END AS master_counts,
        CASE WHEN is_own THEN own.text_sha256 ELSE w.master_sha256 END AS master_sha256,
        CASE WHEN is_own THEN mine.told ELSE w.master_told END AS master_told,
        CASE WHEN is_own THEN mine.parties ELSE w.master_parties END AS master_parties
    FROM asked s JOIN whole w ON w.id = s.recording_id
    LEFT JOIN LATERAL ({_SHEET.format(stands="sheet.stem_id = s.id")}) own ON true
    CROSS JOIN LATERAL ({_HOLDERS.format(sheet="own")}) mine
    CROSS JOIN LATERAL (
        SELECT own.id IS NOT NULL AND (own.counts OR w.master_counts IS NOT TRUE) AS is_own
    ) choice
)
SELECT d.id, d.recording_id, d.label::text, d.role::text, d.state::text, d.recording_state::text,
    d.audio_id::text, d.held,
    d.master, d.master_counts, d.master_sha256::text, d.master_told,
    d.publishing, d.publishing_counts, d.publishing_sha256::text, d.publishing_told,
    granted.told, d.quorum::text, d.authority
FROM divided d
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(
        given.id, given.party_id, array_to_string(given.uses, ' '), given.limits::text,
        array_to_string(given.territories, ' '), given.channels,
        given.valid_from, given.valid_until, given.granted_at,
        given.terms_version, given.terms_sha256,
        (SELECT string_agg(array_to_string(gone.uses, ' '), ' ')
         FROM clearance_withdrawal gone WHERE gone.grant_id = given.id),
        given.approval::text,
        CASE given.approval WHEN '{{}}' THEN 0 ELSE (
            SELECT count(*) FROM clearance_approval yes WHERE yes.state = 'APPROVED'
                AND yes.party_id = given.party_id AND yes.recording_id = d.recording_id) END
    ))::text AS told
    FROM (
        SELECT newest.*
        FROM (SELECT DISTINCT unnest(d.master_parties || d.publishing_parties) AS party) holder
        CROSS JOIN LATERAL (
            SELECT g.* FROM clearance_grant g
            WHERE g.stem_id = d.id AND g.party_id = holder.party
                AND g.valid_from <= moment AND chosen = ANY(g.uses)
            ORDER BY g.granted_at DESC, g.id DESC LIMIT 1
        ) newest
        UNION ALL
        SELECT g.* FROM clearance_grant g WHERE chosen IS NULL AND g.stem_id = d.id
    ) given
) granted
ORDER BY d.position, d.id;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("clearance", "0009_facts_with_quorum")]
    operations = [migrations.RunSQL(_DROP + _FACTS, _DROP + _BEFORE)]
