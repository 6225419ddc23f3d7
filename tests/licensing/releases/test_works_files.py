"""Works go out as files whose shares add up, whoever may write what into a title."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from licensing.catalog.models import Party, Recording, Work
from licensing.releases.operations import release_variation
from licensing.releases.queries import WriterView, list_works
from licensing.releases.works_files import as_csv, as_json, percents_of
from licensing.ulid import ulid_text
from tests.licensing.releases.ready import make_ready
from tests.licensing.royalties import small_world as world

NOW = world.AFTER_OCTOBER


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.fixture
def tide(db):
    """Ana and Ben write Tide, a society collects Ben's; Cleo writes Lamp, which is in the remix."""
    stems = world.recording(
        "Tide",
        master={"Ana": 10**6},
        publishing={"Ana": 666_667, "Ben": (333_333, "GEMA")},
        stems=2,
    )
    (lamp,) = world.recording("Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 10**6})
    make_ready()
    Work.objects.filter(title="Tide").update(iswc="T0345246801")
    Recording.objects.filter(title="Tide").update(isrc="USS1Z9900001")
    Party.objects.filter(name="Ben").update(ipi="00014107338")
    record = world.record("7QK2", [(stems[0], 300_000), (stems[1], 400_000), (lamp, 300_000)])
    release_variation(
        record_id=record.pk, title="Tide, again", reason="asked", prefix="DEXY7",
        actor=("user", "1"), now=NOW,
    )  # fmt: skip
    return record


def test_a_writer_has_a_row_with_codes_as_printed(tide):
    ana, ben = rows(as_csv(list_works(world.ref("Ana"), NOW)))
    assert (ana["writer"], ana["share_percent"]) == ("Ana", "66.67")
    assert ben == {
        "work_id": str(world.ref("work Tide")),
        "work_title": "Tide",
        "iswc": "T-034.524.680-1",
        "writer": "Ben",
        "writer_ipi": "00014107338",
        "writer_isni": "",
        "share_percent": "33.33",
        "administered_by": "society",
        "administrator": "GEMA",
        "administrator_territories": "",
        "recordings": "Tide",
        "isrcs": "US-S1Z-99-00001",
        "derived_isrcs": "DE-XY7-26-00001",
    }


def test_json_says_what_was_made_of_a_work_and_how_much_of_it_it_is(tide):
    (work,) = json.loads(as_json(list_works(world.ref("Ben"), NOW)))["works"]
    assert work["derived"] == [
        {
            "title": "Tide, again",
            "isrc": "DE-XY7-26-00001",
            "released_at": NOW.isoformat(),
            "variation": ulid_text(world.ref("subject 7QK2")),
            "source_ppm": 700_000,
        }
    ]


def test_a_party_is_given_its_own_works_and_the_desk_all_of_them(tide):
    assert [one.title for one in list_works(world.ref("Ana"), NOW)] == ["Tide"]
    assert [one.title for one in list_works(world.ref("Cleo"), NOW)] == ["Lamp"]
    assert [one.title for one in list_works(None, NOW)] == ["Lamp", "Tide"]
    assert list_works(world.party("Stranger").pk, NOW) == ()


def test_shares_are_those_that_hold_now_and_a_work_without_a_sheet_has_an_empty_row(tide):
    work = Work.objects.get(title="Tide")
    later = NOW + timedelta(days=3)
    world.sheet("PUBLISHING", {"Ana": 10**6}, since=later, version=2, work=work)
    assert len(list_works(world.ref("Ana"), NOW)[0].writers) == 2
    assert [one.name for one in list_works(world.ref("Ana"), later)[0].writers] == ["Ana"]
    before = world.LONG_AGO - timedelta(days=1)
    (row,) = rows(as_csv(list_works(world.ref("Ana"), before)))
    assert (row["work_title"], row["writer"], row["share_percent"]) == ("Tide", "", "")


def test_a_title_never_runs_as_a_formula(tide):
    Work.objects.filter(title="Tide").update(title='=HYPERLINK("x")')
    assert rows(as_csv(list_works(world.ref("Ana"), NOW)))[0]["work_title"] == '\'=HYPERLINK("x")'


def test_more_works_ask_no_more_queries(tide):
    def count():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            list_works(None, NOW)
        return len(asked)

    few = count()
    for n in range(5):
        world.recording(f"More {n}", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    assert count() == few


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=40))
def test_percents_add_up_to_a_hundred(shares):
    writers = [WriterView("", "", "", share, "SELF", "", ()) for share in shares]
    parts = [int(text.replace(".", "")) for text in percents_of(writers)]
    assert sum(parts) == 10_000
    assert all(
        abs(part - 10_000 * share / sum(shares)) < 1
        for part, share in zip(parts, shares, strict=True)
    )
