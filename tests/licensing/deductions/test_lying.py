"""Where a line's money lies and how it is taken back: worked examples, and what holds of all."""

from hypothesis import given
from hypothesis import strategies as st

from licensing.deductions.rules.contests import Claim, Line, contest, contest_again
from licensing.deductions.rules.lying import Lying

ANA, EVE, SUSPENSE = ("party", "ana"), ("party", "eve"), ("dispute", "1")
LINE = Line(ANA, "EUR", "r", "s1", "tide", "MASTER", "sheet", "ana", 1_000, 501)


def lying(**places):
    of = Lying()
    for name, micros in places.items():
        of.add(("party", name), micros, micros // 2)
    of.settle()
    return of


def test_what_is_taken_back_comes_of_every_place_by_what_lay_there():
    """1,000 lie 700 to 300. Of 100 back 70 and 30; of 1 more, 899 are left: 629.3 and 269.7."""
    of = lying(ana=700, eve=300)
    assert of.take(100) == {ANA: (70, 35), EVE: (30, 15)}
    assert of.take(1) == {ANA: (1, 0)}
    assert of.micros == {ANA: 629, EVE: 270}
    assert of.take(899) == {ANA: (629, 315), EVE: (270, 135)}
    assert of.take(-1) == {ANA: (-1, 0)}


def test_what_comes_back_to_a_place_that_is_closed_goes_to_those_it_passes_on_to():
    """700 to 300; all is taken, and the 300's place passes on to Ana and Eve, 1 to 2."""
    of = Lying()
    of.add(ANA, 700, 0)
    of.add(SUSPENSE, 300, 0)
    of.settle()
    of.take(1_000)
    of.pass_on(SUSPENSE, {ANA: 1, EVE: 2})
    assert of.take(-10) == {ANA: (-8, 0), EVE: (-2, 0)}


def test_a_line_that_lay_nowhere_gives_nothing():
    assert Lying().take(5) == {}


@given(
    places=st.lists(st.integers(0, 10**12), min_size=1, max_size=6).filter(any),
    parts=st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
)
def test_all_of_it_in_any_parts_leaves_nothing_and_no_place_below_zero(places, parts):
    of = lying(**{f"p{n}": micros for n, micros in enumerate(places)})
    total = of.total
    asked = [total * part // sum(parts) for part in parts[:-1]]
    for micros in (*asked, total - sum(asked)):
        taken = of.take(micros)
        assert sum(part for part, _ in taken.values()) == micros
        assert all(0 <= of.us_micros[place] <= there for place, there in of.micros.items())
    assert not any(of.micros.values())
    assert not any(of.us_micros.values())


def test_a_further_dispute_gets_its_percentage_and_the_decision_the_rest():
    """All 1,000 were held, 501 of US source; 30 % are 300 with 150 of it, 700 with 351 are left."""
    also = Claim("2", stem="s1", contested_ppm=300_000)
    goes_on, rest = contest_again(LINE, [also], {})
    assert goes_on == [("2", LINE.holding(300, 150))]
    assert rest == LINE.holding(700, 351)


def test_a_dispute_that_holds_its_part_already_gets_no_more():
    """1,000: the first contests 80 %, the second 30 % and found 200. It is 100 short of 300."""
    first = Claim("1", stem="s1", contested_ppm=800_000)
    also = Claim("2", stem="s1", contested_ppm=300_000)
    held = dict(contest([LINE], [first, also]))
    assert (held["1"].micros, held["2"].micros) == (800, 200)
    goes_on, rest = contest_again(held["1"], [also], {"2": 200})
    assert ([part.micros for _, part in goes_on], rest.micros) == ([100], 700)
    _, rest = contest_again(LINE.holding(300, 0), [also], {"2": 300})
    assert rest.micros == 300


def test_a_dispute_about_something_else_gets_nothing_of_it():
    other = Claim("2", stem="s2")
    assert contest_again(LINE, [other], {}) == ([], LINE)


@given(
    micros=st.integers(1, 10**12),
    us_share=st.integers(0, 10**6),
    percents=st.lists(st.integers(1, 10**6), min_size=1, max_size=5),
)
def test_disputes_decided_one_by_one_hold_no_more_than_they_contest(micros, us_share, percents):
    """Whoever decides, what disputes hold and what came free are the line, at every step."""
    line = LINE.holding(micros, micros * us_share // 10**6)
    claims = [Claim(f"{n}", stem="s1", contested_ppm=ppm) for n, ppm in enumerate(percents)]
    held = dict(contest([line], claims))
    free = micros - sum(part.micros for part in held.values())
    free_us = line.us_micros - sum(part.us_micros for part in held.values())
    for n, claim in enumerate(claims):
        if claim.key in held:
            mine, later = held.pop(claim.key), claims[n + 1 :]
            others = {key: part.micros for key, part in held.items()}
            goes_on, rest = contest_again(mine, later, others)
            for key, part in goes_on:
                there = held.get(key, line.holding(0, 0))
                held[key] = line.holding(
                    there.micros + part.micros, there.us_micros + part.us_micros
                )
            free, free_us = free + rest.micros, free_us + rest.us_micros
        assert free + sum(part.micros for part in held.values()) == micros
        for key, part in held.items():
            assert 0 < part.micros <= micros * percents[int(key)] // 10**6
            assert 0 <= part.us_micros <= part.micros
    assert (free, free_us) == (micros, line.us_micros)
