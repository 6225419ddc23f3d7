"""The words of the terms: every version stays as it was, and the newest says what may happen."""

import pytest

from licensing.clearance.terms import CURRENT_VERSION, UnknownTerms, terms_sha256, terms_text

PINNED = {
    "2026-11": "898c4925b28c469722406521d34f2d305a3c1a2c0ef0b803f430f08f01c943ba",
    "2026-12": "33cb972b87053a3ca147340aaa8846ccb587e35f6fe7c2ccd48e5890925eca0b",
    "2027-01": "8086dc36cac5a32544f5802730e3abb7eb8afa60f90ed9e4d0f250f263f32204",
    "2027-02": "96f79385e48b7ac43783e56f1be1020f6bafafff3ecef4ce15070642ff7beb9c",
}


@pytest.mark.parametrize("version", sorted(PINNED))
def test_a_version_that_was_offered_never_changes(version):
    """Grants and licence records name these hashes; whoever must change words adds a version."""
    assert terms_sha256(version) == PINNED[version]
    assert terms_text(version).startswith(f"TERMS OF GRANT, version {version}\n")


def test_the_newest_version_is_offered_and_names_what_artists_agree_to():
    assert max(PINNED) == CURRENT_VERSION
    words = " ".join(terms_text().split())
    for said in (
        "played to nobody before you approve it",
        "Silence is no approval.",
        "more than half of the master shares and more than half of the publishing shares",
        "one of them speaks for all",
        "whose words are marked as explicit",
        "never in what a listener's taste profile chose or shaped",
        "The rate cards that stand when you sign are named in your permission",
        "a digest of the address you signed from, out of which the address cannot be read",
    ):
        assert said in words


def test_what_was_never_offered_is_unknown():
    with pytest.raises(UnknownTerms, match="no terms of version 2026-10"):
        terms_text("2026-10")
