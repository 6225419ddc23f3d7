"""Names that stand in texts people sign, shares that add up, and file names that are only text."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.catalog import rules
from licensing.catalog.rules import CatalogRefused, ShareAsked, SignedLine
from licensing.catalog.succession import LeavingLine, ending_text


@pytest.mark.parametrize("text", ["", "  \n ", "a\x00b", "abc\u202egnp.exe", "x" * 201])
def test_names_that_could_deceive_a_signer_are_refused(text):
    with pytest.raises(CatalogRefused):
        rules.clean_name(text)


def test_names_are_one_line_in_one_form():
    assert rules.clean_name("  Bjo\u0308rk \n  Example ") == "Björk Example"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\music\\drums.wav", "drums.wav"),
        ("a\x00b\nc.wav", "a_b_c.wav"),
        ("\u202egpj.wav", "_gpj.wav"),
        ("x" * 400, "x" * 255),
        ("\ud800.wav", "_.wav"),
    ],
)
def test_file_name_of_a_client_is_text_without_a_path(text, shown):
    assert rules.shown_file_name(text) == shown


@given(st.text())
def test_any_file_name_can_be_stored_and_shown(text):
    shown = rules.shown_file_name(text)
    assert shown.isprintable()
    assert not set(shown) & set("/\\\x00")
    shown.encode()


@given(st.sets(st.integers(1, 999_999), max_size=6), st.sampled_from([-1, 0, 1]))
def test_only_shares_of_exactly_one_million_are_accepted(cuts, off_by):
    edges = [0, *sorted(cuts), 1_000_000]
    parts = [high - low for low, high in pairwise(edges)]
    shares = [ShareAsked(UUID(int=number), ppm) for number, ppm in enumerate(parts)]
    rules.check_shares(shares)
    if off_by:
        shares[0] = ShareAsked(UUID(int=0), parts[0] + off_by)
        with pytest.raises(CatalogRefused):
            rules.check_shares(shares)


@given(st.integers(0, 1_000_000))
def test_percentage_says_every_ppm(ppm):
    whole, part = rules.percent(ppm).removesuffix(" %").split(".")
    assert int(whole) * 10_000 + int(part) == ppm


@pytest.mark.parametrize(
    ("by", "who"), [("SELF", "GEMA"), ("SOCIETY", ""), ("PUBLISHER", " "), ("UNCLE", "Bob")]
)
def test_administrator_is_named_when_there_is_one(by, who):
    with pytest.raises(CatalogRefused):
        rules.check_shares([ShareAsked(UUID(int=1), 1_000_000, by, who)])


def test_sheet_never_starts_before_it_is_signed():
    signed = datetime(2026, 11, 1, tzinfo=UTC)
    assert rules.starts_at(None, signed) == signed
    assert rules.starts_at(signed - timedelta(days=9), signed) == signed
    assert rules.starts_at(signed + timedelta(days=9), signed) == signed + timedelta(days=9)


def test_text_of_a_sheet_is_what_it_was_when_it_was_signed():
    """Frozen: signatures name this text by its hash."""
    text = rules.sheet_text(
        right="MASTER",
        subject="the recording “Tide”",
        version=1,
        lines=[
            SignedLine("Ana", ("IPI 00014107338",), 800_000, "SELF", "", ()),
            SignedLine("Ben", (), 200_000, "SOCIETY", "GEMA", ("DE", "AT")),
        ],
        effective_from=datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert text == (
        "SPLIT SHEET, version 1\n"
        "Right: master\n"
        "Of: the recording “Tide”\n"
        "Effective: from the moment the last party signs, but not before 2027-01-01 00:00:00 UTC\n"
        "\n"
        "Shares:\n"
        "   80.0000 %  Ana, IPI 00014107338, collected by the party itself\n"
        "   20.0000 %  Ben, collected by the society GEMA in AT DE\n"
        "  100.0000 %  in all\n"
        "\n"
        "By signing, each party agrees to these shares of what this right earns while"
        " this version\nis effective. It counts once every party named above has signed; one that"
        " says no ends\nthe proposal. A change is a new version, which the parties of this one sign"
        " as well as\nits own; it never reaches back.\n"
    )


def test_text_names_who_would_lose_by_it_and_what_becomes_of_who_cannot_be_reached():
    """Frozen, as the one above."""
    ending = ending_text(
        3,
        "the recording “Tide”",
        [
            LeavingLine("Ana", ("IPI 00014107338",), 600_000, 1_000_000),
            LeavingLine("Ben", (), 400_000, 0),
        ],
    )
    text = rules.sheet_text(
        right="MASTER",
        subject="the recording “Tide”",
        version=4,
        lines=[SignedLine("Ana", (), 1_000_000, "SELF", "", ())],
        effective_from=None,
        endings=[ending],
    )
    assert (
        "  100.0000 %  in all\n\n"
        "Ends: version 3 of the sheet of the recording “Tide”. Its parties sign too:\n"
        "   60.0000 %  Ana, IPI 00014107338, then 100.0000 %\n"
        "   40.0000 %  Ben, then nothing\n\n"
        "By signing"
    ) in text
    assert text.endswith(
        "its own; it never reaches back.\n"
        "For a party of an ended version that cannot be reached two rights administrators may\n"
        "decide on a document, 30 days after it was asked or later.\n"
    )
