"""The script that divides a statement again, run as an artist runs it: alone, on the file."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from licensing.money import allocate, amount_text
from licensing.royalties.models import Statement
from licensing.royalties.queries import get_statement
from licensing.statements import recompute
from licensing.statements.files import NEWEST, as_json
from tests.licensing.statements import books

SCRIPT = Path(recompute.__file__)


def run(content, folder):
    """Exit status and what was said of a statement's JSON, in an isolated interpreter."""
    file = folder / "statement.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(file)],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def statements(schema=NEWEST):
    rows = Statement.objects.order_by("payee_name")
    return [as_json(get_statement(row.pk), schema) for row in rows]


def test_every_statement_of_a_story_with_everything_adds_up(db, tmp_path):
    books.two_months()
    made = statements()
    lines = [line for one in made for line in json.loads(one)["lines"]]
    kinds = {line["kind"] for line in lines}
    assert {"EARNING", "UNFUNDED", "DISPUTE", "RECOUPMENT", "RESERVE", "CORRECTION"} <= kinds
    assert any(line["amount"].startswith("-") for line in lines)
    assert any(json.loads(one)["closing"].startswith("-") for one in made)
    assert any(json.loads(one)["version"] == 2 for one in made)
    for one in made + statements(schema=2)[:1]:
        status, said = run(one, tmp_path)
        assert (status, said.split(":")[0]) == (0, "everything adds up"), said


def test_live_sessions_and_money_that_waits_add_up(db, tmp_path):
    books.live_and_waiting()
    made = statements()
    assert len(made) == 5
    for one in made:
        assert run(one, tmp_path)[0] == 0


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("model", ["USER_CENTRIC", "PRO_RATA"])
def test_random_books_add_up(db, tmp_path, capsys, seed, model):
    books.shuffled(seed, model)
    for one in statements():
        file = tmp_path / "statement.json"
        file.write_bytes(one)
        assert recompute.main([str(file)]) == 0, capsys.readouterr().out


def less(text):
    return amount_text(recompute.micros(text) - 1)


def _line(content):
    content["lines"][1]["amount"] = less(content["lines"][1]["amount"])


def _removed(content):
    del content["lines"][1]


def _last_removed(content):
    del content["lines"][-1]


def _pool(content):
    content["workings"][0]["pools"][0]["amount"] = "1.000000"


def _pool_consistently(content):
    pool = content["workings"][0]["pools"][0]
    pool["pool"] = pool["amount"] = less(pool["amount"])


def _source_ppm(content):
    content["workings"][0]["sources"][0]["ppm"] += 1


def _share_ppm(content):
    content["workings"][0]["sheets"][0]["parts"][0]["ppm"] -= 1


def _two_ppm(content):
    first, second = content["workings"][0]["rights"][0]["parts"]
    first["ppm"], second["ppm"] = first["ppm"] + 1, second["ppm"] - 1


def _line_ppm(content):
    content["lines"][0]["share_ppm"] += 1


def _plays(content):
    content["lines"][0]["plays"] += 1


def _closing(content):
    content["closing"] = less(content["closing"])


def _moved(content):
    content["opening"], content["closing"] = less(content["opening"]), less(content["closing"])
    content["lines"][-1]["amount"] = less(content["lines"][-1]["amount"])


def _rate(content):
    content["lines"][0]["rate_per_play"] = less(content["lines"][0]["rate_per_play"])


def _payable(content):
    content["payable"] = less(content["payable"])


def _payee(content):
    content["payee"] = "Somebody else"


def _use(content):
    content["lines"][0]["use"] = "TRAINING"


def _country(content):
    content["waterfall"]["receipts"][0]["tax"] = "0.000000"


def _tax(content):
    content["waterfall"]["tax"] = less(content["waterfall"]["tax"])


def _others(content):
    content["waterfall"]["others"] = less(content["waterfall"]["others"])


def _own(content):
    told = content["waterfall"]
    told["own"], told["others"] = told["others"], told["own"]


def _land(content):
    content["waterfall"]["receipts"][0]["country"] = "FR"


def _twice(content):
    again = content["lines"][0] | {"position": len(content["lines"]) + 1}
    content["lines"].append(again)


DOCTORED = {
    _twice: "each of a share of its own",
    _line: "line 2: amount",
    _removed: "position of line 2",
    _last_removed: "moved",
    _pool: "working 1, pool 1: amount",
    _pool_consistently: "working 1: all pools together",
    _source_ppm: "working 1, sources: ppm together",
    _share_ppm: "ppm together",
    _two_ppm: "working 1, rights of source",
    _line_ppm: "line 1: share_ppm",
    _plays: "line 1: plays",
    _closing: "closing",
    _moved: "moved",
    _rate: "line 1: rate_per_play",
    _payable: "payable + carried forward",
    _payee: "statement_sha256",
    _use: "statement_sha256",
    _country: "statement_sha256",
    _land: "statement_sha256",
}


def test_a_doctored_statement_is_told_with_both_numbers(db, tmp_path):
    books.two_months()
    made = next(
        one
        for one in map(json.loads, statements())
        if one["payee"] == "Ana" and one["month"] == "2026-10"
    )
    for doctor, first in DOCTORED.items():
        content = json.loads(json.dumps(made))
        doctor(content)
        status, said = run(content, tmp_path)
        assert status == 1, doctor
        assert first in said.split(" the statement says ")[0], doctor
        assert " it comes to " in said
    wrong = json.loads(json.dumps(made))
    _line(wrong)
    shown = (wrong["lines"][1]["amount"], made["lines"][1]["amount"])
    assert "says {}, it comes to {}\n".format(*shown) in run(wrong, tmp_path)[1]


DOCTORED_WATERFALL = {
    _country: "waterfall, receipts, PAID DE: paid",
    _tax: "waterfall: tax",
    _others: "waterfall: pool as it was divided",
    _own: "waterfall: own is what was earned",
}


def test_a_doctored_waterfall_is_told_even_under_a_digest_of_its_own(db, tmp_path):
    books.two_months()
    made = next(
        one
        for one in map(json.loads, statements())
        if one["payee"] == "Ana" and one["month"] == "2026-10"
    )
    for doctor, first in DOCTORED_WATERFALL.items():
        content = json.loads(json.dumps(made))
        doctor(content)
        wrong = [check for check in recompute.of_statement(content) if check[1] != check[2]]
        content["statement_sha256"] = wrong[0][2]
        status, said = run(content, tmp_path)
        assert status == 1, doctor
        assert first in said.split(" the statement says ")[0], doctor


@pytest.mark.parametrize(
    "content", [b"no json", b"[]", b"{}", b'{"schema": 1}', b'{"schema": 2, "workings": 3}']
)
def test_what_is_no_statement_with_workings_says_so(tmp_path, content):
    status, said = run(content, tmp_path)
    assert status == 2
    assert "cannot be divided again" in said


@settings(max_examples=80, deadline=None)
@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any),
)
@example(100, [1, 1, 1])
@example(-7, [6, 2, 2])
def test_its_arithmetic_and_the_products_give_the_same(total, weights):
    keyed = [(f"{n:02d}", weight) for n, weight in enumerate(weights)]
    assert recompute.divided(total, keyed) == allocate(total, keyed)
    assert recompute.micros(recompute.amount(total)) == total
    assert recompute.amount(total) == amount_text(total)


def test_it_stands_alone_and_reads_as_python_3_9():
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 9))
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)
    assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))
