"""May a stem be used? The rule of consent told as a story of days, apart from the code that serves.

It walks through the life of every cell: what a holder granted replaces what it granted before, and
in the end the words of the last grant are held against the question. It gives no sentences and no
limits, only which stem is refused for whom and why.
"""

SHEET = {"EFFECTIVE": None, "PROPOSED": "sheet_unsigned", "NONE": "no_sheet"}
STATES = {"REVIEW": "stem_under_review", "DELETED": "stem_deleted"}


def refusals(question, stems, grants, agreements, at):
    """The set of (code, stem, party) that speaks against a use; empty means yes."""
    known = {stem.stem: stem for stem in stems}
    asked = [known[ref] for ref in question.stems if ref in known]
    said = {("unknown_stem", ref, None) for ref in question.stems if ref not in known}
    if not question.stems:
        said.add(("no_stems", None, None))
    mixed = len({stem.recording for stem in asked}) >= 2
    sweary = {stem.recording for stem in asked if stem.explicit}
    for stem in asked:
        said |= {(code, stem.stem, None) for code in _of_stem(stem, question)}
        if question.use != "PREVIEW":
            said |= {(code, stem.stem, who) for who, code in _of_lines(stem, question, agreements)}
            against = {}
            for party in {line.party for line in stem.holders}:
                last = _life(stem.stem, party, question.use, grants, at)
                met = mixed and any(where != stem.recording for where in sweary)
                found = _of_cell(last, question, at, mixed, met)
                if not found and question.is_live and _wants_to_hear(last, stem, question, mixed):
                    found = {"approval_required"}
                against[party] = found
            for party in _whose_no_counts(stem, against, question.use):
                said |= {(code, stem.stem, party) for code in against[party]}
    return said


def _of_stem(stem, question):
    preview = question.use == "PREVIEW"
    if stem.state != "READY":
        yield STATES.get(stem.state, "stem_not_ready")
    if stem.recording_state == "HIDDEN":
        yield "recording_hidden"
    if stem.recording_state == "DRAFT" and not preview:
        yield "recording_not_complete"
    if stem.held:
        yield "hold"
    yield from filter(None, {SHEET[stem.master], SHEET[stem.publishing]})
    if preview and question.requester not in [("party", str(one.party)) for one in stem.holders]:
        yield "preview_members_only"


def _of_lines(stem, question, agreements):
    for line in stem.holders:
        collects = line.society and _reaches(line.territories, question.territory)
        if collects and not _agreed(line.society, question, agreements):
            yield line.party, "society_licence_required"


def _reaches(places, place):
    return len(places) == 0 or place in places


def _agreed(society, question, agreements):
    return any(
        one.society.lower() == society.lower()
        and question.use in one.uses
        and _reaches(one.territories, question.territory)
        for one in agreements
    )


def _life(stem, party, use, grants, at):
    """The grant that stands at the end of the cell's days, or None."""
    standing = None
    for grant in sorted(grants, key=lambda one: (one.granted_at, one.grant.hex)):
        is_here = (grant.stem, grant.party) == (stem, party)
        if is_here and use in grant.uses and not grant.valid_from > at:
            standing = grant
    return standing


def _of_cell(grant, question, at, mixed, meets_explicit):
    if grant is None:
        return {"no_grant"}
    against = {
        "withdrawn": question.use in grant.withdrawn,
        "expired": grant.valid_until is not None and not at < grant.valid_until,
        "territory": not _reaches(grant.territories, question.territory),
        "channel": not _reaches(grant.channels, question.channel),
        "with_others_not_allowed": mixed and not grant.limits.with_others,
        "with_explicit_not_allowed": meets_explicit and not grant.limits.with_explicit,
        "by_taste_not_allowed": question.by_taste and not grant.limits.by_taste,
    }
    return set(next(([code] for code, holds in against.items() if holds), []))


def _wants_to_hear(grant, stem, question, mixed):
    """Live nobody can be asked, so whatever might have to be asked for is a no."""
    wish = grant.approval
    return wish is not None and (
        grant.approved < wish.first
        or (len(wish.uses) > 0 and question.use not in wish.uses)
        or (stem.role == "vocals" and not wish.within.vocals)
        or (mixed and not wish.within.with_others)
        or wish.share_ppm_max != 1_000_000
    )


def _whose_no_counts(stem, against, use):
    """The parties whose missing yes keeps the stem back, by what the holders agreed on. A voice and
    what a machine learns are nobody else's to give.
    """
    kind = "ALL" if use in ("VOICE", "TRAINING") else stem.quorum.kind
    if kind == "AUTHORITY":
        spokesman = stem.quorum.authority
        return {spokesman} if spokesman in against else set(against)
    missing = {party for party, found in against.items() if found}
    if kind == "MAJORITY":
        for right in {line.right for line in stem.holders}:
            lines = [line for line in stem.holders if line.right == right]
            if sum(line.share_ppm for line in lines if line.party not in missing) <= 500_000:
                return missing
        return {party for party in missing if "approval_required" in against[party]}
    return missing
