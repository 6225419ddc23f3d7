"""Earnings over HTTP: a closed month, a line down to its pools, files, and strangers."""

import json
import re
import subprocess
import sys
from datetime import date

import pytest
from django.urls import reverse

from licensing.payouts.models import PayeeAccount
from licensing.royalties import queries
from licensing.royalties.closing import close_period
from licensing.royalties.models import Usage
from licensing.royalties.retiring import retire_evidence
from licensing.royalties.scoring import score_usages
from licensing.royalties.what_if import what_if_of
from licensing.statements.pdf import as_pdf
from tests.bent import remove, rewrite
from tests.licensing.invoicing import used_month
from tests.licensing.royalties import long_ago
from tests.licensing.royalties import small_world as world

MONTH = date(2026, 10, 1)


@pytest.fixture
def closed(db):
    """Ana holds 70 % of Tide's master and all of its publishing; Ben the rest; two listeners."""
    tide = world.recording(
        "Tide", master={"Ana": 700_000, "Ben": 300_000}, publishing={"Ana": 1_000_000}, stems=2
    )
    (lamp,) = world.recording("Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 10**6})
    piece = world.record("7QK2", [(tide[0], 400_000), (tide[1], 400_000), (lamp, 200_000)])
    for listener in ("listener-secret-1", "listener-secret-2"):
        world.pay(listener)
        world.heard(listener, piece, 3)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)


@pytest.fixture
def ana(make_user, join, closed):
    user = make_user("Ana")
    join(user, world.party("Ana"), "VIEW")
    return user


def statement(name="Ana"):
    return queries.statement_for(world.ref(name), MONTH)


def test_a_month_shows_what_the_statement_says(client, ana):
    client.force_login(ana)
    page = client.get(reverse("artists:earnings")).content.decode()
    cents = statement().lines_micros // 10_000
    assert f"{cents // 100}.{cents % 100:02d} EUR for Ana in October 2026" in page
    assert page.count('hx-target="#line"') == len(statement().lines)
    assert "listener-secret" not in page


def test_somebody_with_two_parties_sees_first_the_one_that_earned(client, ana, make_party, join):
    join(ana, make_party("Aaron, not yet paid"), "VIEW")
    client.force_login(ana)
    page = client.get(reverse("artists:earnings")).content.decode()
    assert "EUR for Ana in October 2026" in page
    assert "Aaron, not yet paid</a>" in page


def test_a_line_opens_down_to_its_pools(client, ana):
    client.force_login(ana)
    line = statement().lines[0]
    url = reverse("artists:statement_line", args=[line.id])
    page = client.get(url).content.decode()
    assert "<h1><cite>Tide</cite></h1>" in page
    whole, rest = divmod(line.amount_micros, 1_000_000)
    assert f"{whole}.{rest:06d} EUR" in page
    assert "Subscriber 1:" in page
    assert "listener-secret" not in page
    inside = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in inside
    assert 'id="line"' in inside


def test_a_line_says_why_its_society_was_not_paid_and_says_so_to_nobody_else(
    client, make_user, join, db
):
    (stem,) = world.recording(
        "Tide",
        master={"Ana": 10**6},
        publishing={"Ana": (600_000, "GEMA", ["DE", "AT"]), "Ben": 400_000},
    )
    world.pay("l1")
    world.heard("l1", world.record("A", [(stem, 10**6)], territory="FR"))
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    said = "Paid to Ana directly: GEMA collects this share in AT, DE alone"
    pages = {}
    for name in ("Ana", "Ben", "Stranger"):
        user = make_user(name)
        join(user, world.party(name), "VIEW")
        client.force_login(user)
        for whose in ("Ana", "Ben"):
            line = next(one for one in statement(whose).lines if one.right == "PUBLISHING")
            answer = client.get(reverse("artists:statement_line", args=[line.id]))
            pages[name, whose] = answer.content.decode() if answer.status_code == 200 else ""
        seen = client.get(reverse("artists:earnings")).content.decode()
        assert ("GEMA does not collect where this is licensed" in seen) == (name == "Ana")
    assert f"{said}, and the variation was licensed for FR." in pages["Ana", "Ana"]
    assert pages["Ben", "Ben"]
    assert said not in pages["Ben", "Ben"]
    assert {pages[pair] for pair in pages if pair[0] != pair[1]} == {""}


def test_a_line_says_what_its_plays_had_earned_by_the_other_model(client, ana):
    client.force_login(ana)
    said, together = [], 0
    for line in statement().lines:
        page = client.get(reverse("artists:statement_line", args=[line.id])).content.decode()
        micros = what_if_of(line.id).other_micros
        said.append(f"<b>{micros // 1_000_000}.{micros % 1_000_000:06d} EUR</b>" in page)
        together += micros
    assert said
    assert all(said)
    assert together == statement().other_model_micros
    page = client.get(reverse("artists:earnings")).content.decode()
    assert "the lines add up to it." in page


def test_who_may_edit_a_party_chooses_the_currency_it_is_paid_in(client, make_user, join, closed):
    editor, stranger = make_user("Bo"), make_user("Eve")
    join(editor, world.party("Ana"), "ADMIN")
    payee = ("party", str(world.ref("Ana")))
    choose = reverse("artists:payouts_currency", args=[world.ref("Ana")])
    client.force_login(editor)
    answer = client.post(choose, {"currency": "USD"}, follow=True)
    assert "Open a payout account first." in answer.content.decode()
    account = PayeeAccount.objects.create(
        payee_kind=payee[0], payee_ref=payee[1], provider_id="acct_1", country="DE",
        seen_at=world.NOVEMBER, opened_at=world.NOVEMBER,
    )  # fmt: skip
    client.post(choose, {"currency": "XAU"})
    page = client.post(choose, {"currency": "USD"}, follow=True).content.decode()
    account.refresh_from_db()
    assert account.pays_in == "USD"
    assert "<option selected>USD</option>" in page
    assert "waits for a rate into your currency" in page
    client.force_login(stranger)
    assert client.post(choose, {"currency": ""}).status_code == 404
    account.refresh_from_db()
    assert account.pays_in == "USD"


def test_statements_come_as_files(client, ana):
    client.force_login(ana)
    page = client.get(reverse("artists:earnings")).content.decode()
    answers = {
        ending: client.get(reverse("artists:statement_file", args=[statement().id, ending]))
        for ending in ("csv", "json", "pdf")
    }
    assert answers["csv"].headers["Content-Disposition"].endswith('-EUR-v1.csv"')
    assert json.loads(answers["json"].content)["payee"] == "Ana"
    assert answers["pdf"].headers["Content-Type"] == "application/pdf"
    assert answers["pdf"].headers["Content-Disposition"].endswith('-EUR-v1.pdf"')
    assert answers["pdf"].content == as_pdf(statement())
    assert reverse("artists:statement_file", args=[statement().id, "pdf"]) in page
    missing = reverse("artists:statement_file", args=[statement().id, "xml"])
    assert client.get(missing).status_code == 404
    made = reverse("artists:statement_file", args=[statement().id, "json"])
    assert json.loads(client.get(made, {"schema": "2"}).content)["schema"] == 2
    assert [client.get(made, {"schema": it}).status_code for it in ("1", "x", "")] == [404] * 3


def test_a_file_is_not_handed_out_while_the_books_disagree(client, make_user, join, db):
    (stem,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    bass = world.recording("Lamp", master={"Ana": 10**6}, publishing={"Ana": 10**6})[0]
    live = world.session("s", [stem, bass], [[(stem, 10**6)], [(bass, 10**6)]])
    world.pay("l1")
    world.heard("l1", live, minutes=range(2))
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    remove(Usage.objects.filter(minute=0))
    user = make_user("Ana")
    join(user, world.party("Ana"), "VIEW")
    client.force_login(user)
    for ending, status in (("csv", 200), ("json", 409), ("pdf", 409)):
        file = reverse("artists:statement_file", args=[statement().id, ending])
        assert client.get(file).status_code == status


@pytest.fixture
def retired(make_user, join, db):
    """Ana, whose month of fourteen months ago has no lists of evidence any more."""
    long_ago.live_through()
    retire_evidence(month=long_ago.MONTH, now=long_ago.FOURTEEN_LATER)
    user = make_user("Ana")
    join(user, world.party("Ana"), "VIEW")
    return user


def opened(client, user):
    client.force_login(user)
    lines = queries.statement_for(world.ref("Ana"), long_ago.MONTH).lines
    line = next(line for line in lines if line.is_paid and not line.is_live)
    return client.get(reverse("artists:statement_line", args=[line.id])).content.decode()


def test_a_line_of_long_ago_says_that_it_was_made_again(client, retired):
    page = opened(client, retired)
    assert "made again from the plays" in page
    assert "from this line" in page


def test_a_stranger_sees_no_line_of_long_ago(client, retired, make_user):
    (line, *_) = queries.statement_for(world.ref("Ana"), long_ago.MONTH).lines
    client.force_login(make_user("Stranger"))
    assert client.get(reverse("artists:statement_line", args=[line.id])).status_code == 404


def test_the_page_hands_out_the_script_that_divides_again(client, ana, tmp_path):
    client.force_login(ana)
    link = reverse("artists:recompute_script")
    assert f'href="{link}"' in client.get(reverse("artists:earnings")).content.decode()
    script, file = tmp_path / "recompute.py", tmp_path / "statement.json"
    script.write_bytes(client.get(link).content)
    url = reverse("artists:statement_file", args=[statement().id, "json"])
    file.write_bytes(client.get(url).content)
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(file)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("everything adds up: ")


def test_before_the_first_close_the_page_says_what_will_be_here(client, make_user, join, db):
    user = make_user("New")
    client.force_login(user)
    assert "You act for no party yet" in client.get(reverse("artists:earnings")).content.decode()
    join(user, world.party("New"))
    assert "A month is closed five days" in client.get(reverse("artists:earnings")).content.decode()


def test_a_stranger_sees_no_statement_line_or_file(client, make_user, join, closed):
    ben = make_user("Ben")
    join(ben, world.party("Ben"))
    client.force_login(ben)
    own = reverse("artists:earnings")
    assert client.get(own, {"party": world.ref("Ben"), "month": "2026-10"}).status_code == 200
    assert client.get(own, {"party": world.ref("Ana")}).status_code == 404
    assert client.get(own, {"month": "2026-13"}).status_code == 404
    assert client.get(own, {"month": "2026-01"}).status_code == 404
    line = reverse("artists:statement_line", args=[statement("Ana").lines[0].id])
    assert client.get(line).status_code == 404
    for ending in ("csv", "json", "pdf"):
        file = reverse("artists:statement_file", args=[statement("Ana").id, ending])
        assert client.get(file).status_code == 404


def test_held_plays_are_told_in_words_and_to_whom_they_concern(client, make_user, join, db):
    (tide,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    world.recording("Lamp", master={"Cleo": 10**6}, publishing={"Cleo": 10**6})
    world.heard("listener-secret", world.record("A", [(tide, 1_000_000)]), 3)
    rewrite(Usage.objects.all(), "repeat_score = 500")
    score_usages(month=MONTH, now=world.NOVEMBER)
    pages = {}
    for name in ("Ana", "Cleo"):
        user = make_user(name)
        join(user, world.party(name), "VIEW")
        client.force_login(user)
        pages[name] = client.get(reverse("artists:earnings")).content.decode()
    assert "<cite>Tide</cite>: 3 plays, the same piece over and over" in pages["Ana"]
    assert "listener-secret" not in pages["Ana"]
    assert "Held plays" not in pages["Cleo"]


def test_what_waits_for_a_partner_is_told_to_whom_it_concerns(client, make_user, join, db):
    used_month.agree()
    used_month.use(*used_month.pieces())
    pages = {}
    for name in ("Dora", "Eve"):
        user = make_user(name)
        join(user, world.party(name), "VIEW")
        client.force_login(user)
        pages[name] = client.get(reverse("artists:earnings")).content.decode()
    assert "October 2026: 7 plays and 2 live minutes, not invoiced yet" in pages["Dora"]
    assert "stride" not in pages["Dora"].lower()
    assert "Waiting for a partner" not in pages["Eve"]


def test_a_line_of_billed_plays_says_at_which_price_they_were_billed(client, make_user, join, db):
    (stem,) = world.recording("Lamp", master={"Dora": 10**6}, publishing={"Dora": 10**6})
    world.pay("stride", kind="PARTNER", tax=0, rates={12_345: 24_690})
    world.heard("stride", world.record("piece", [(stem, 10**6)]), 2, rate=12_345)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    user = make_user("Dora")
    join(user, world.party("Dora"), "VIEW")
    client.force_login(user)
    line = statement("Dora").lines[0]
    page = client.get(reverse("artists:statement_line", args=[line.id])).content.decode()
    assert "× 2 of 2 plays billed at 0.012345 each = " in page


def test_a_held_line_says_so_on_page_and_in_files(client, make_user, join, db):
    (tide,) = world.recording("Tide", master={"Ana": 10**6}, publishing={"Ana": 10**6})
    world.heard("listener-secret", world.record("A", [(tide, 1_000_000)]), 3)
    rewrite(Usage.objects.all(), "repeat_score = 500")
    score_usages(month=MONTH, now=world.NOVEMBER)
    close_period(month=MONTH, now=world.AFTER_OCTOBER)
    user = make_user("Ana")
    join(user, world.party("Ana"), "VIEW")
    client.force_login(user)
    page = client.get(reverse("artists:earnings")).content.decode()
    assert "held: looks odd, a person decides" in page
    (line,) = statement().lines
    opened = client.get(reverse("artists:statement_line", args=[line.id])).content.decode()
    assert "3 plays held at the close, because they look odd: the same piece over and" in opened
    answer = client.get(reverse("artists:statement_file", args=[statement().id, "json"]))
    (row,) = json.loads(answer.content)["lines"]
    told = (row["kind"], row["plays"], row["amount"], row["note"])
    assert told == ("HELD", 3, "0.000000", "the same piece over and over")
    assert b"listener-secret" not in answer.content


def test_cents_by_recording_add_up_across_the_row_and_down_the_column(client, ana):
    client.force_login(ana)
    page = client.get(reverse("artists:earnings")).content.decode()
    section = page.split('aria-labelledby="by-rec"')[1].split("</section>")[0]
    rows = [
        [int(cell.replace(".", "")) for cell in re.findall(r"<td[^>]*>(\d+\.\d\d)</td>", row)]
        for row in section.split("<tr>")[2:]
    ]
    *recordings, together = rows
    assert recordings
    assert all(master + publishing == amount for master, publishing, amount in rows)
    assert [sum(column) for column in zip(*recordings, strict=True)] == together
    assert together[2] == statement().lines_micros // 10_000


def test_a_line_says_and_draws_which_part_of_the_number_above_it_is(client, ana):
    client.force_login(ana)
    line = next(one for one in statement().lines if one.right == "MASTER")
    page = client.get(reverse("artists:statement_line", args=[line.id])).content.decode()
    assert "× 40.0000 %: the part of the sound that is" in page
    assert "× 70.0000 %: your share by the master sheet, version 1" in page
    bars = re.findall(r'<rect class="bar" width="([\d.]+)%"', page)
    assert bars == ["40.00", "50.00", "70.00"]
    assert "ppm" not in page
