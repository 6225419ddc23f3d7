"""The PDF of a statement: its text read back by another reader agrees with CSV and JSON."""

import csv
import hashlib
import io
import json
import re
from datetime import date, timedelta
from itertools import pairwise

import pytest

from licensing.corrections.refunding import refund_receipt
from licensing.corrections.restating import restate_statement
from licensing.royalties.queries import get_statement, statement_for
from licensing.statements.files import as_csv, as_json
from licensing.statements.pages import BODY, Column, Row, Table, Text, laid_out, wrapped
from licensing.statements.pages import as_pdf as pages_as_pdf
from licensing.statements.pdf import as_pdf
from tests.licensing.deductions import world as told
from tests.licensing.royalties import small_world as world
from tests.oracles import pdf_text


@pytest.fixture
def november(db):
    """Ana's November: earned, recouped, set aside, and October's payment taken back."""
    _, _, piece, receipt = told.tell_the_story()
    told.advance(right="MASTER")
    told.reserve()
    told.close()
    refund_receipt(
        key="re_1", receipt_id=receipt.pk, amount_micros=9_990_000, kind="CHARGEBACK",
        actor=told.ACTOR, now=world.NOVEMBER + timedelta(days=9),
    )  # fmt: skip
    world.pay("l2", month=world.NOVEMBER)
    world.heard("l2", piece, 2, since=world.NOVEMBER)
    told.close(told.NEXT)
    return statement_for(world.ref("Ana"), told.NEXT)


def rows_of(pdf):
    """Everything drawn between one position and its line's id, by the id."""
    found, row = {}, ""
    for page in pdf_text.texts(pdf):
        for text in page:
            row += f"{text}\n"
            ids = re.findall(r"\bline\s([0-9a-f-]{36})(?!\S|\sof\s)", row)
            if ids:
                found[ids[-1]] = row
                row = ""
    return found


def said(pdf):
    return "\n".join(text for page in pdf_text.texts(pdf) for text in page)


def test_every_line_says_the_same_in_pdf_csv_and_json(november):
    content = json.loads(as_json(november))
    table = as_csv(november).decode().split("\r\n\r\n")[1]
    by_id = {row["line_id"]: row for row in csv.DictReader(io.StringIO(table))}
    printed = rows_of(as_pdf(november))
    kinds = {line["kind"] for line in content["lines"]}
    assert {"EARNING", "RECOUPMENT", "RESERVE", "CORRECTION"} <= kinds
    assert len(printed) == len(content["lines"])
    for line in content["lines"]:
        shown = printed[line["line_id"]].replace("\n", " ")
        wanted = [str(line["position"]), line["amount"], line["recording"], line["note"]]
        wanted += [line["corrects"], line["stem"]]
        if line["kind"] == "EARNING":
            wanted += [line[name] for name in ("right", "source_amount", "right_amount")]
            wanted += [str(line[name]) for name in ("plays", "source_ppm", "share_ppm")]
            wanted += [line["variation"], line["played_month"]]
            wanted += [f"{line['use']} licensed for {line['licensed_for']}"]
            wanted += [f"{line['rate_per_play']} a play"]
        assert [text for text in wanted if text not in shown] == []
        assert by_id[line["line_id"]]["amount"] == line["amount"]


def test_its_sums_are_those_of_the_json_whose_digest_it_names(november):
    content = json.loads(as_json(november))
    text = said(as_pdf(november))
    sums = ("opening", "earned", "moved", "closing", "other_model_would_have_paid")
    for name in (*sums, "payable", "carried_forward", "statement_sha256", "territory_of_plays"):
        assert content[name] in text
    assert content["carried_because"] in text.replace("\n", " ")
    by_kind = {}
    for line in november.lines:
        by_kind[line.kind] = by_kind.get(line.kind, 0) + line.amount_micros
    assert by_kind["CORRECTION"] == -3_996_001
    assert "corrects a line of a closed month\n-3.996001" in text
    assert hashlib.sha256(as_json(november)).hexdigest() in text
    assert str(november.id) in text


def test_the_same_bytes_come_out_twice_and_the_font_is_inside(november):
    first = as_pdf(november)
    assert as_pdf(get_statement(november.id)) == first
    assert first.startswith(b"%PDF-")
    assert {name.split("+")[1] for name in pdf_text.fonts(first)} == {"BitstreamVeraSans-Roman"}


def test_a_restated_version_names_what_it_supersedes_and_why(db):
    *_, receipt = told.tell_the_story()
    told.close()
    first = statement_for(world.ref("Cleo"), told.MONTH)
    later = {"actor": told.ACTOR, "now": world.NOVEMBER + timedelta(days=9)}
    refund_receipt(key="re_1", receipt_id=receipt.pk, amount_micros=999_000, kind="REFUND", **later)
    made = restate_statement(statement_id=first.id, reason="a refund", **later)
    text = said(as_pdf(get_statement(made.pk)))
    assert str(first.id) in text
    assert "a refund" in text
    assert all(f"corrects line {line.id} of 2026-10" in text for line in first.lines)


def test_what_the_font_cannot_draw_says_its_number(db):
    title = "Café Ærø, Ж, 漢 (live) \\ 50 %"
    (stem,) = world.recording(title, master={"Łukasz": 10**6}, publishing={"Łukasz": 10**6})
    world.pay("l1")
    world.heard("l1", world.record("A", [(stem, 10**6)]), 1)
    told.close()
    text = said(as_pdf(statement_for(world.ref("Łukasz"), date(2026, 10, 1)))).replace("\n", " ")
    assert "Café Ærø, [U+0416], [U+6F22] (live) \\ 50 %, stem 0" in text
    assert "Łukasz" in text
    assert "cannot draw stands as its number" in text


def test_a_long_table_has_its_head_on_every_page_and_pages_are_numbered():
    table = Table(
        (Column("name", 300), Column("count", 215, is_number=True)),
        tuple(Row((f"row {n}", str(n)), detail=f"detail {n}") for n in range(120)),
    )
    pages = pdf_text.texts(pages_as_pdf([table], title="t", author="a", footer="foot"))
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert page[:2] == ["name", "count"]
        assert page[-2:] == ["foot", f"page {number} of {len(pages)}"]
    body = [text for page in pages for text in page[2:-2]]
    assert body == [text for n in range(120) for text in (f"row {n}", str(n), f"detail {n}")]


def test_nothing_stands_outside_the_page_or_on_something_else():
    rows = tuple(Row(("word " * n, "1.000000"), detail="d" * n) for n in range(1, 150))
    columns = (Column("name", 300), Column("amount", 215, is_number=True))
    for page in laid_out([Text("x" * 400), Table(columns, rows)]):
        assert min(mark.y for mark in page) > 40
        assert max(mark.y + mark.size for mark in page) <= 802
        names = [mark.y for mark in page if mark.x == 40]
        assert all(above - below >= 6 for above, below in pairwise(names))


def test_a_word_wider_than_its_column_is_broken_and_loses_no_letter():
    lines = wrapped("a " + "m" * 90 + " b", BODY, 100)
    assert "".join(lines).replace(" ", "") == "a" + "m" * 90 + "b"
    assert len(lines) > 5
