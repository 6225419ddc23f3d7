"""The attribution report: every output of a month, as it was sealed, the same bytes again."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from licensing.attribution.operations import seal_record
from licensing.attribution.particulars import Origin
from licensing.catalog.models import Recording, Work
from licensing.royalties.attribution_report import (
    MonthNotOver,
    attribution_report,
    confidence_of,
    month_of,
)
from licensing.royalties.closing import close_period
from licensing.ulid import ulid_text
from tests.licensing.royalties import small_world as world

OCTOBER = date(2026, 10, 1)
SEALED_AT = world.OCTOBER + timedelta(days=4)
LATER = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def stems(db):
    stems = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ben": 10**6}, stems=2)
    Recording.objects.filter(pk=stems[0].recording_id).update(isrc="DEAB72600001")
    return stems


def output(name, stems, ppm=(600_000, 400_000), now=SEALED_AT, title="Tide, remix"):
    """A variation sealed with its particulars."""
    record = world.record(name, [(stem, 0) for stem in stems], sealed=False)
    seal_record(
        record_id=record.pk,
        lines=[(stem.pk, share) for stem, share in zip(stems, ppm, strict=True)],
        windows_sha256=world.DIGEST,
        measured={"model_ppm": 120_000},
        files=[],
        now=now,
        origin=Origin(title=title),
    )
    return record


def report(now=LATER, month=OCTOBER):
    return list(attribution_report(month, now))


def files(tmp_path, name):
    """Both files of October, as bytes."""
    table, lines = tmp_path / f"{name}.csv", tmp_path / f"{name}.json"
    call_command("attribution_report", "2026-10", csv=table, json=lines, stdout=StringIO())
    return table.read_bytes(), lines.read_bytes()


def test_it_has_every_source_of_what_was_sealed_in_the_month_and_nothing_else(stems):
    last = world.OCTOBER.replace(month=11) - timedelta(microseconds=1)
    output("before", stems, now=world.OCTOBER - timedelta(microseconds=1))
    output("after", stems, now=world.OCTOBER.replace(month=11))
    second = output("b", stems, now=last)
    first = output("a", stems, now=world.OCTOBER)
    world.record("open", [(stems[0], 0)], sealed=False)
    found = report()
    assert [(one.record, one.position, one.ppm) for one in found] == [
        (first.pk, 0, 600_000),
        (first.pk, 1, 400_000),
        (second.pk, 0, 600_000),
        (second.pk, 1, 400_000),
    ]
    assert {(one.method, one.model_ppm, one.use, one.territory) for one in found} == {
        ("test/1", 120_000, "REMIX", "DE")
    }
    assert {one.title for one in found} == {"Tide, remix"}
    assert found[0].subject == ulid_text(world.ref("subject a"))


def test_codes_are_those_of_the_sealing_and_of_older_records_todays(stems):
    output("frozen", stems)
    older = world.record("older", [(stems[0], 10**6)])
    Recording.objects.update(isrc="DEAB72699999")
    Work.objects.update(iswc="T0345246801")
    frozen, dated = report()[0], report(month=date(2026, 1, 1))[0]
    assert (frozen.isrc, frozen.iswc, frozen.codes_of) == ("DEAB72600001", "", "sealing")
    assert dated.record == older.pk
    assert (dated.isrc, dated.iswc, dated.codes_of) == ("DEAB72699999", "T0345246801", "catalog")
    assert (dated.ppm, dated.title) == (10**6, "")


def test_the_same_month_is_the_same_bytes_whatever_happens_later(stems, tmp_path):
    output("a", stems, title="=cmd()")
    first = files(tmp_path, "first")
    Recording.objects.update(title="Other", isrc="DEAB72699999")
    output("b", stems, now=world.OCTOBER.replace(month=11))
    assert files(tmp_path, "again") == first
    (row, _) = csv.DictReader(StringIO(first[0].decode()))
    assert (row["title"], row["plays"], row["isrc"]) == ("'=cmd()", "", "DEAB72600001")
    told = json.loads(first[1])
    assert (told["month"], told["schema"]) == ("2026-10", "attribution-report/1")
    (one,) = told["records"]
    assert sum(source["ppm"] for source in one["sources"]) == 1_000_000
    assert one["plays"] is None


def test_plays_are_those_that_the_close_counted_and_of_what_nobody_played_none(stems):
    played, silent = output("a", stems), output("b", stems)
    world.pay("lea")
    world.heard("lea", played, 3)
    assert {one.plays for one in report()} == {None}
    close_period(month=OCTOBER, now=world.AFTER_OCTOBER)
    assert {(one.record, one.plays) for one in report()} == {(played.pk, 3), (silent.pk, 0)}


def test_a_month_that_is_not_over_is_refused(stems, tmp_path):
    with pytest.raises(MonthNotOver, match="2026-10 is not over"):
        report(now=month_of(OCTOBER)[1] - timedelta(microseconds=1))
    assert report(now=month_of(OCTOBER)[1]) == []
    with pytest.raises(CommandError, match="Name a file"):
        call_command("attribution_report", "2026-10")
    with pytest.raises(CommandError):
        call_command("attribution_report", "October", csv=tmp_path / "x")


def test_an_empty_month_is_a_whole_file(db, tmp_path):
    table, lines = files(tmp_path, "empty")
    assert table.count(b"\r\n") == 1
    assert json.loads(lines)["records"] == []


def test_confidence_is_stated_only_of_a_method_that_is_known():
    assert confidence_of("k-weighted-shapley/1") == "exact"
    assert confidence_of("embedding-similarity/3") == "not stated"


def test_december_ends_with_the_year():
    assert month_of(date(2026, 12, 1))[1] == datetime(2027, 1, 1, tzinfo=UTC)
