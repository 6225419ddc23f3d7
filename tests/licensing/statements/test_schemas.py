"""What schema 3 says of a line and of a balance; and that schema 2 stays what it was."""

import csv
import hashlib
import io
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.payouts.rules.due import THRESHOLD_MINOR
from licensing.royalties.models import Statement
from licensing.royalties.queries import get_statement, statement_for
from licensing.statements import carrying
from licensing.statements.carrying import Carried, carried
from licensing.statements.files import as_csv, as_json, told_of
from licensing.statements.pdf import as_pdf
from licensing.statements.uses import rate_micros
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.licensing.statements import books
from tests.oracles import pdf_text

NOW = world.NOVEMBER
HEAD_OF_2 = [
    *("statement", "month", "version", "supersedes", "reason", "payee", "currency", "opening"),
    *("earned", "moved", "closing", "model", "other_model", "other_model_would_have_paid"),
    "made_at",
]
COLUMNS_OF_2 = [
    *("position", "kind", "played_month", "recording", "stem", "right", "sheet_version"),
    *("subject", "variation", "plays", "source_ppm", "share_ppm", "source_amount"),
    *("right_amount", "amount", "currency", "note", "corrects", "line_id"),
]


@pytest.mark.parametrize(
    ("kind", "closing", "currency", "paid", "stays", "because"),
    [
        ("party", 20_000_000, "EUR", 20_000_000, 0, ""),
        ("party", 34_567_899, "EUR", 34_560_000, 7_899, "whole coins"),
        ("party", 19_999_999, "EUR", 0, 19_999_999, "less than 20.00 EUR"),
        ("society", 19_999_999, "USD", 0, 19_999_999, "less than 20.00 USD"),
        ("party", -1, "EUR", 0, -1, "below zero"),
        ("party", 0, "EUR", 0, 0, ""),
        ("party", 90_000_000, "JPY", 0, 90_000_000, "Nothing is paid out in JPY"),
        ("stem", 90_000_000, "EUR", 0, 90_000_000, "Nobody is known"),
    ],
)
def test_what_is_payable_and_what_is_carried_says_why(
    kind, closing, currency, paid, stays, because
):
    said = carried(kind, closing, currency, NOW)
    assert (said.payable_micros, said.carried_micros) == (paid, stays)
    assert because in said.because
    assert bool(because) == bool(said.because)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD", "SEK"]))
def test_payable_and_carried_are_the_balance(closing, currency):
    said = carried("party", closing, currency, NOW)
    assert said.payable_micros + said.carried_micros == closing
    assert said.payable_micros % 10_000 == 0
    assert said.payable_micros >= 0


def test_a_statement_keeps_the_threshold_under_which_it_was_made(monkeypatch):
    later = NOW + timedelta(days=1)
    monkeypatch.setattr(carrying, "LEAST_MINOR", (*carrying.LEAST_MINOR, (later, {"EUR": 5_00})))
    assert carried("party", 6_000_000, "EUR", NOW).payable_micros == 0
    assert carried("party", 6_000_000, "EUR", later) == Carried(6_000_000, 0, "")


def test_runs_and_statements_have_the_same_threshold():
    assert carrying.LEAST_MINOR[-1][1] == THRESHOLD_MINOR


@pytest.mark.parametrize(
    ("amount", "plays", "rate"), [(10, 4, 3), (10, 3, 3), (-10, 4, -3), (1, 3, 0), (-1, 2, -1)]
)
def test_a_rate_is_the_nearest_micro_unit(amount, plays, rate):
    assert rate_micros(amount, plays) == rate


def test_all_three_files_say_use_licence_rate_balance_and_one_digest(db):
    """Ana's first stem earned 0.822707 of 60 plays: 0.013712 each, rounded from 0.01371178."""
    told.tell_the_story()
    told.close()
    statement = statement_for(world.ref("Ana"), told.MONTH)
    content = json.loads(as_json(statement))
    head, table = as_csv(statement).decode().split("\r\n\r\n")
    facts = dict(csv.reader(io.StringIO(head)))
    rows = list(csv.DictReader(io.StringIO(table)))
    line = next(one for one in content["lines"] if one["amount"] == "0.822707")
    assert (line["use"], line["licensed_for"], line["rate_per_play"]) == ("REMIX", "DE", "0.013712")
    assert content["territory_of_plays"] == "not recorded"
    assert content["payable"] == "0.000000"
    assert content["carried_forward"] == content["closing"]
    assert "less than 20.00 EUR" in content["carried_because"]
    for name in ("payable", "carried_forward", "statement_sha256", "territory_of_plays"):
        assert facts[name] == content[name]
    for row, one in zip(rows, content["lines"], strict=True):
        assert [row[name] for name in ("use", "licensed_for", "rate_per_play")] == [
            one["use"], one["licensed_for"], one["rate_per_play"],
        ]  # fmt: skip
    text = " ".join(text for page in pdf_text.texts(as_pdf(statement)) for text in page)
    assert content["statement_sha256"] in text
    assert "REMIX licensed for DE, 0.013712 a play" in text
    assert "carried forward. It is less than 20.00 EUR" in text


def test_what_no_plays_paid_has_no_rate_and_what_has_no_licence_no_use(db):
    books.two_months()
    content = [json.loads(as_json(get_statement(row.pk))) for row in Statement.objects.all()]
    lines = [line for one in content for line in one["lines"]]
    assert {line["kind"] for line in lines if line["rate_per_play"]} == {"EARNING"}
    beside = [line for line in lines if line["kind"] in ("RECOUPMENT", "RESERVE")]
    assert beside
    assert {line["use"] for line in beside} == {""}


def test_schema_2_is_schema_3_without_what_it_added(db):
    books.two_months()
    for row in Statement.objects.all():
        statement = get_statement(row.pk)
        old, new = (json.loads(as_json(statement, schema)) for schema in (2, 3))
        assert sorted(old) == sorted([*HEAD_OF_2, "schema", "lines", "workings"])
        assert old == {name: new[name] for name in old} | {"schema": 2, "lines": old["lines"]}
        for before, after in zip(old["lines"], new["lines"], strict=True):
            assert sorted(before) == sorted([*COLUMNS_OF_2, "working", "source", "share"])
            assert before == {name: after[name] for name in before}
        head, table = as_csv(statement, 2).decode().split("\r\n\r\n")
        assert [one[0] for one in csv.reader(io.StringIO(head))] == HEAD_OF_2
        assert table.split("\r\n")[0].split(",") == COLUMNS_OF_2
        digest = hashlib.sha256(as_json(statement, 2)).hexdigest()
        text = " ".join(text for page in pdf_text.texts(as_pdf(statement, 2)) for text in page)
        assert digest in text
        assert not [word for word in ("payable", "licensed", "not recorded") if word in text]


def test_schema_3_is_schema_4_without_the_waterfall(db):
    books.two_months()
    for row in Statement.objects.all():
        statement = get_statement(row.pk)
        old, new = (json.loads(as_json(statement, schema)) for schema in (3, 4))
        own = {"schema": 3, "statement_sha256": old["statement_sha256"]}
        assert old == {name: new[name] for name in new if name != "waterfall"} | own
        before, after = (as_csv(statement, schema).decode() for schema in (3, 4))
        kept = [line for line in after.split("\r\n") if not line.startswith("waterfall.")]
        assert kept == before.replace(
            old["statement_sha256"], new["statement_sha256"]
        ).split("\r\n")  # fmt: skip
        text = " ".join(text for page in pdf_text.texts(as_pdf(statement, 3)) for text in page)
        assert "money came from" not in text


def test_there_is_no_other_schema(db):
    told.tell_the_story()
    told.close()
    statement = statement_for(world.ref("Ana"), told.MONTH)
    for schema in (1, 5):
        with pytest.raises(ValueError, match="no statement was ever made"):
            told_of(statement, schema)
