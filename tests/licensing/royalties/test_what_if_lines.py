"""Every line says what its plays had earned by the other model, and the lines sum to the what-if.

Worked in the standards' two subscribers of 700 each: u1 plays A 10; u2 plays A 10, B 80, C 10.
User-centric A 770, B 560, C 70; pro rata A 255, B 1018, C 127.
"""

import pytest

from licensing.royalties.closing import close_period
from licensing.royalties.models import Statement, StatementLine
from licensing.royalties.queries import statement_for
from licensing.royalties.setting_cards import set_rate_card
from licensing.royalties.what_if import beside_lines_of, what_if_of
from tests.licensing.royalties import small_world as world

OCTOBER = world.OCTOBER.date()
PLAYED = {"A": [("u1", 10), ("u2", 10)], "B": [("u2", 80)], "C": [("u2", 10)]}
USER_CENTRIC, PRO_RATA = {"A": 770, "B": 560, "C": 70}, {"A": 255, "B": 1018, "C": 127}


def two_subscribers():
    for name, plays in PLAYED.items():
        (stem,) = world.recording(name, master={name: 10**6}, publishing={name: 10**6})
        piece = world.record(f"piece {name}", [(stem, 10**6)])
        for listener, times in plays:
            world.heard(listener, piece, times)
    for listener in ("u1", "u2"):
        world.pay(listener, amount=700, tax=0, kind="PROMOTION")


def close():
    return close_period(month=OCTOBER, now=world.AFTER_OCTOBER)


def by_line(name):
    """Paid and what-if of each line of a party's October."""
    statement = statement_for(world.ref(name), OCTOBER)
    return [what_if_of(line.id) for line in statement.lines]


@pytest.mark.parametrize(
    ("model", "paid", "other"),
    [("USER_CENTRIC", USER_CENTRIC, PRO_RATA), ("PRO_RATA", PRO_RATA, USER_CENTRIC)],
)
def test_lines_by_the_other_model_sum_to_the_statements(db, model, paid, other):
    set_rate_card(
        product="listening", model=model, master_ppm=500_000, effective_from=world.LONG_AGO,
        actor=("user", "desk"), now=world.LONG_AGO,
    )  # fmt: skip
    two_subscribers()
    close()
    for name in PLAYED:
        lines = by_line(name)
        assert sum(one.paid_micros for one in lines) == paid[name]
        assert sum(one.other_micros for one in lines) == other[name]
        assert {one.model for one in lines} == {model}
        statement = statement_for(world.ref(name), OCTOBER)
        assert (statement.other_model_micros, beside_lines_of(statement.id)) == (other[name], 0)
    # 255 over master and publishing: the odd one goes to MASTER, the smaller key.
    if model == "USER_CENTRIC":
        assert [(one.paid_micros, one.other_micros) for one in by_line("A")] == [
            (385, 128),
            (385, 127),
        ]
        assert [one.difference_micros for one in by_line("A")] == [-257, -258]


def test_what_stands_on_no_line_is_said_apart(db):
    """One party holds both pieces; euros were paid by who heard the first, dollars by who heard the
    second. From one pot each piece would have had half of either."""
    for name, listener, currency in (("A", "u1", "EUR"), ("B", "u2", "USD")):
        (stem,) = world.recording(name, master={"Dora": 10**6}, publishing={"Dora": 10**6})
        world.heard(listener, world.record(f"piece {name}", [(stem, 10**6)]), 5)
        world.pay(listener, amount=800, tax=0, kind="PROMOTION", currency=currency)
    close()
    for statement in Statement.objects.all():
        on_lines = sum(what_if_of(line.pk).other_micros for line in statement.lines.all())
        assert (on_lines, statement.other_model_micros) == (400, 800)
        assert beside_lines_of(statement.pk) == 400


def test_own_plays_have_none_by_either_model(db):
    two_subscribers()
    piece = world.LicenceRecord.objects.get(pk=world.ref("piece A"))
    world.heard("u3", piece, 2, state="SELF")
    close()
    own = what_if_of(StatementLine.objects.get(kind="SELF").pk)
    assert (own.paid_micros, own.other_micros, own.difference_micros) == (0, 0, 0)
