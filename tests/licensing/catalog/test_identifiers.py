"""Identifiers against published examples, python-stdnum, and every single wrong character."""

import pytest
import stdnum.ean
import stdnum.grid
import stdnum.isni
import stdnum.iso7064.mod_37_36
import stdnum.isrc
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.catalog import identifiers as ids
from licensing.catalog.identifiers import InvalidIdentifier

DIGITS = "0123456789"
ALPHABET = DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

VALID = [
    (ids.normalise_isrc, "GBAYC1700598", "GBAYC1700598"),
    (ids.normalise_isrc, "USUM70600055", "USUM70600055"),
    (ids.normalise_isrc, "US-S1Z-99-00001", "USS1Z9900001"),
    (ids.normalise_isrc, "usrc17607839", "USRC17607839"),
    (ids.normalise_isrc, "ISRC US-S1Z-99-00001", "USS1Z9900001"),
    (ids.normalise_isrc, "ISRC: USS1Z9900001", "USS1Z9900001"),
    (ids.normalise_isrc, "IS-RC1-76-07839", "ISRC17607839"),
    (ids.normalise_iswc, "T-034.524.680-1", "T0345246801"),
    (ids.normalise_iswc, "T-000.000.001-0", "T0000000010"),
    (ids.normalise_iswc, "T1234567894", "T1234567894"),
    (ids.normalise_iswc, "iswc t-927.026.476-1", "T9270264761"),
    (ids.normalise_iswc, "T0702472794", "T0702472794"),
    (ids.normalise_iswc, "T9109247316", "T9109247316"),
    (ids.normalise_ipi, "00000000199", "00000000199"),
    (ids.normalise_ipi, "00000000297", "00000000297"),
    (ids.normalise_ipi, "00000000395", "00000000395"),
    (ids.normalise_ipi, "00000000493", "00000000493"),
    (ids.normalise_ipi, "00014107338", "00014107338"),
    (ids.normalise_isni, "0000 0001 2281 955X", "000000012281955X"),
    (ids.normalise_isni, "000000000000001x", "000000000000001X"),
    (ids.normalise_isni, "ISNI 0000000063037346", "0000000063037346"),
    (ids.normalise_ipi_base, "I-123456789-3", "I1234567893"),
    (ids.normalise_ipi_base, "i-001068130-6", "I0010681306"),
    (ids.normalise_ipi_base, "IPI I-000000229-7", "I0000002297"),
    (ids.normalise_grid, "A1-2425G-ABC1234002-M", "A12425GABC1234002M"),
    (ids.normalise_grid, "GRid:A1-2425G-ABC1234011-K", "A12425GABC1234011K"),
    (ids.normalise_grid, "a1-2425g-x999150000-3", "A12425GX9991500003"),
    (ids.normalise_grid, "A10302B0003989564F", "A10302B0003989564F"),
    (ids.normalise_icpn, "4006381333931", "4006381333931"),
    (ids.normalise_icpn, "UPC 190295810726", "190295810726"),
    (ids.normalise_icpn, "0 36000 29145 2", "036000291452"),
    (ids.normalise_icpn, "EAN 7351-3537", "73513537"),
    (ids.normalise_icpn, "14006381333938", "14006381333938"),
    (ids.normalise_dpid, "PADPIDA2007050901U", "PADPIDA2007050901U"),
    (ids.normalise_dpid, "PA-DPIDA-2013020802-I", "PADPIDA2013020802I"),
    (ids.normalise_dpid, "padpida2013042401u", "PADPIDA2013042401U"),
]
INVALID = [
    (ids.normalise_isrc, "USX1X123A567"),
    (ids.normalise_isrc, "US-RC1-76-0783"),
    (ids.normalise_isrc, "NOTANISRC"),
    (ids.normalise_isrc, "USX1X1234567\n"),
    (ids.normalise_iswc, "T1234567893"),
    (ids.normalise_iswc, "T3221234234"),
    (ids.normalise_iswc, "I1234567894"),
    (ids.normalise_iswc, "T1234567894\n"),
    (ids.normalise_ipi, "00000000100"),
    (ids.normalise_ipi, "0000000199"),
    (ids.normalise_ipi, "0000000010A"),
    (ids.normalise_ipi, "00199310768"),
    (ids.normalise_ipi, "00000000000"),
    (ids.normalise_isni, "0000 0001 1111 955X"),
    (ids.normalise_isni, "0000000000000010"),
    (ids.normalise_isni, "0000 0001 2281"),
    (ids.normalise_isni, "X000000000000001"),
    (ids.normalise_ipi_base, "I-123456789-4"),
    (ids.normalise_ipi_base, "T-123456789-3"),
    (ids.normalise_ipi_base, "I-123456789-3\n"),
    (ids.normalise_grid, "A12425GABC1234011X"),
    (ids.normalise_grid, "A12425GABC1234002N"),
    (ids.normalise_grid, "A1UCASE0000000401X"),
    (ids.normalise_grid, "A12425GABC1234002"),
    (ids.normalise_grid, "B12425GABC1234002M"),
    (ids.normalise_icpn, "4006381333932"),
    (ids.normalise_icpn, "400638133393"),
    (ids.normalise_icpn, "036000291453"),
    (ids.normalise_icpn, "0000000000000"),
    (ids.normalise_icpn, "036000291452\n"),
    (ids.normalise_dpid, "PADPIDA2013020803I"),
    (ids.normalise_dpid, "PADPIDA0000000001A"),
    (ids.normalise_dpid, "PADPIDA20129999999"),
]


@pytest.mark.parametrize(("normalise", "text", "stored"), VALID)
def test_published_identifiers_are_taken_in_their_one_form(normalise, text, stored):
    assert normalise(text) == stored
    assert normalise(stored) == stored


@pytest.mark.parametrize(("normalise", "text"), INVALID)
def test_published_wrong_identifiers_are_refused(normalise, text):
    with pytest.raises(InvalidIdentifier):
        normalise(text)


@pytest.mark.parametrize(("normalise", "text", "stored"), VALID)
@pytest.mark.parametrize("digit", ["²", "٠", "０", "𝟎"])
def test_digits_of_other_scripts_are_refused(normalise, text, stored, digit):
    with pytest.raises(InvalidIdentifier):
        normalise(stored[:-2] + digit + stored[-1])


def test_worked_iswc_example_starts_its_sum_at_one():
    assert ids.iswc_check_digit("034524680") == "1"


def test_ipi_remainder_of_one_gives_two_zeros():
    """9 x 10 + 3 x 4 = 102, and 102 mod 101 = 1."""
    assert ids.ipi_check_digits("900000300") == "00"
    assert ids.normalise_ipi("90000030000") == "90000030000"


def refused(normalise, text):
    try:
        normalise(text)
    except InvalidIdentifier:
        return True
    return False


@given(st.text(DIGITS, min_size=15, max_size=15))
def test_isni_check_agrees_with_stdnum_and_catches_every_wrong_digit(body):
    isni = body + ids.isni_check_character(body)
    assert stdnum.isni.is_valid(isni)
    assert ids.normalise_isni(ids.format_isni(isni)) == isni
    for place in range(16):
        for wrong in set(DIGITS) - {isni[place]}:
            assert refused(ids.normalise_isni, isni[:place] + wrong + isni[place + 1 :])


@given(st.text(DIGITS, min_size=16, max_size=16))
def test_isni_is_refused_where_stdnum_refuses_it(text):
    assert refused(ids.normalise_isni, text) != stdnum.isni.is_valid(text)


@given(st.from_regex(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", fullmatch=True))
def test_isrc_shape_is_at_least_as_wide_as_stdnum(isrc):
    """Stdnum also knows which prefixes were allocated; a shape check must not."""
    assert ids.normalise_isrc(ids.format_isrc(isrc)) == isrc
    if stdnum.isrc.is_valid(isrc):
        assert stdnum.isrc.compact(ids.format_isrc(isrc)) == isrc


@given(st.integers(1, 999_999_999))
def test_ipi_catches_every_wrong_digit(number):
    body = f"{number:09d}"
    ipi = body + ids.ipi_check_digits(body)
    assert ids.normalise_ipi(ipi) == ipi
    for place in range(9):
        for wrong in set(DIGITS) - {ipi[place]}:
            text = ipi[:place] + wrong + ipi[place + 1 :]
            same_check = ids.ipi_check_digits(text[:9]) == ipi[9:]
            assert refused(ids.normalise_ipi, text) or same_check
    for wrong in {f"{n:02d}" for n in range(100)} - {ipi[9:]}:
        assert refused(ids.normalise_ipi, body + wrong)


@given(st.text(DIGITS, min_size=9, max_size=9))
def test_iswc_misses_exactly_the_eight_digits_its_weights_cannot_see(body):
    iswc = "T" + body + ids.iswc_check_digit(body)
    assert ids.normalise_iswc(ids.format_iswc(iswc)) == iswc
    missed = set()
    for place in range(1, 11):
        for wrong in set(DIGITS) - {iswc[place]}:
            if not refused(ids.normalise_iswc, iswc[:place] + wrong + iswc[place + 1 :]):
                missed.add((place, (int(wrong) - int(iswc[place])) % 10))
    even = {(5, step) for step in (2, 4, 6, 8)}
    assert missed == {(place, 5) for place in (2, 4, 6, 8)} | even


@given(st.text(DIGITS, min_size=9, max_size=9))
def test_an_ipi_base_number_misses_what_an_iswc_misses(body):
    """The same weights from another start, so the worked miss set of the ISWC holds here too."""
    base = "I" + body + ids.ipi_base_check_digit(body)
    assert ids.normalise_ipi_base(ids.format_ipi_base(base)) == base
    for place in range(1, 11):
        for wrong in set(DIGITS) - {base[place]}:
            step = (int(wrong) - int(base[place])) % 10
            is_missed = (step == 5 and place in (2, 4, 6, 8)) or (place == 5 and step % 2 == 0)
            assert refused(ids.normalise_ipi_base, _with(base, place, wrong)) != is_missed


def _with(text, place, wrong):
    return text[:place] + wrong + text[place + 1 :]


@settings(max_examples=30)
@given(st.text(ALPHABET, min_size=15, max_size=15))
def test_a_grid_agrees_with_stdnum_and_catches_every_wrong_character(body):
    grid = "A1" + body + ids.mod_37_36("A1" + body)
    assert stdnum.iso7064.mod_37_36.is_valid(grid)
    assert stdnum.grid.is_valid(grid)
    assert ids.normalise_grid(ids.format_grid(grid)) == grid
    for place in range(18):
        for wrong in set(ALPHABET) - {grid[place]}:
            assert refused(ids.normalise_grid, _with(grid, place, wrong))


@settings(max_examples=30)
@given(st.text(DIGITS, min_size=10, max_size=10))
def test_a_dpid_agrees_with_stdnum_and_catches_every_wrong_character(body):
    dpid = f"PADPIDA{body}"
    dpid += ids.mod_37_36(dpid)
    assert stdnum.iso7064.mod_37_36.is_valid(dpid)
    assert ids.normalise_dpid(dpid) == dpid
    for place in range(18):
        for wrong in set(ALPHABET) - {dpid[place]}:
            assert refused(ids.normalise_dpid, _with(dpid, place, wrong))


@given(st.sampled_from([7, 11, 12, 13]), st.integers(1, 10**13 - 1))
def test_an_ean_agrees_with_stdnum_and_catches_every_wrong_digit(size, number):
    body = f"{number:013d}"[-size:]
    ean = body + ids.icpn_check_digit(body)
    assert stdnum.ean.is_valid(ean)
    assert refused(ids.normalise_icpn, ean) == (not ean.strip("0"))
    for place in range(size + 1):
        for wrong in set(DIGITS) - {ean[place]}:
            assert refused(ids.normalise_icpn, _with(ean, place, wrong))


@given(st.text(max_size=40))
def test_whatever_is_taken_is_plain_ascii_and_stays(text):
    for normalise in (
        ids.normalise_isrc,
        ids.normalise_iswc,
        ids.normalise_ipi,
        ids.normalise_isni,
        ids.normalise_ipi_base,
        ids.normalise_grid,
        ids.normalise_icpn,
        ids.normalise_dpid,
    ):
        if not refused(normalise, text):
            stored = normalise(text)
            assert stored.isascii()
            assert normalise(stored) == stored
