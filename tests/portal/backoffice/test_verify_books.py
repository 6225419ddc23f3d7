"""The books verified from a shell, their head kept elsewhere and shown at the desk."""

import threading
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.utils import timezone

from generation.worker.sweeper import sweep_forever
from licensing.audit.models import Fact, FactLink
from licensing.audit.operations import record_fact
from licensing.ledger.chain import latest_link, link_entries
from licensing.ledger.models import Link
from licensing.ledger.operations import post
from licensing.ledger.rules import AccountKey
from portal.accounts.models import User
from portal.backoffice import nightly

CASH = AccountKey("cash", "processor", "test", "EUR")
POOL = AccountKey("pool", "month", "2026-10", "EUR")


def pay_in(key: str) -> None:
    now = timezone.now()
    lines = [(CASH, "debit", 7), (POOL, "credit", 7)]
    post(key=key, kind="receipt", postings=lines, effective_at=now, now=now)


def verified(*given: str) -> tuple[int, str]:
    """The exit code and what was said."""
    said, code = StringIO(), 0
    try:
        call_command("verify_books", *given, stdout=said)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, said.getvalue().strip()


def test_sound_books_are_one_sentence_also_against_heads_that_were_kept(db, tmp_path):
    heads = tmp_path / "heads.txt"
    kept = []
    for key in ("k1", "k2"):
        pay_in(key)
        link_entries(now=timezone.now())
        kept.append(verified("--head")[1])
    heads.write_text("\n".join(kept) + "\n")
    assert kept[1].split()[:2] == ["2", Link.objects.get(number=2).sha256]
    facts = "The facts are as they were linked: 0 facts in 0 links."
    facts += "\nLicence records are as they were sealed: 0."
    facts += "\nPlays, pools, sums and entries agree: 0 months closed in the last 62 days."
    said = "The books are as they were linked: 2 entries in 2 links."
    assert verified() == (0, f"{said}\n{facts}")
    said = "The books are as they were linked: 2 entries in 2 links, 2 anchors held."
    assert verified("--against", str(heads)) == (0, f"{said}\n{facts}")


def happen(ref: str) -> None:
    record_fact(
        actor=("user", "1"), verb="try", object_kind="thing", object_ref=ref, at=timezone.now()
    )


def test_each_night_both_heads_are_kept_and_held_against_the_next(
    committed_db, database_server, tmp_path, settings, caplog
):
    settings.ANCHOR_FILE = str(tmp_path / "anchors.txt")
    duty = nightly.duties()["verify_books"]
    for night in ("1", "2"):
        pay_in(night)
        link_entries(now=timezone.now())
        happen(night)
        with caplog.at_level("INFO"):
            code, said = verified(*duty)
        assert code == 0, said
    assert said.count("1 anchors held") == 2
    kept = Path(settings.ANCHOR_FILE).read_text().splitlines()
    facts = FactLink.objects.get(number=2)
    assert [line.split()[:-1] for line in kept[2:]] == [
        ["2", Link.objects.get(number=2).sha256],
        ["facts", "2", facts.sha256],
    ]
    assert [one.message for one in caplog.records if "anchor" in one.message][-1].endswith(kept[3])
    with database_server.postgres.connect(database_server.name, "postgres") as intruder:
        intruder.execute("SET session_replication_role = replica")
        intruder.execute("UPDATE audit_fact SET verb = 'hide'")
    first = Fact.objects.order_by("sequence")[0].sequence
    said = f"The books are broken: fact {first} in link 1 does not say what it said when linked."
    code, told = verified(*duty)
    assert (code, told.splitlines()[-1]) == (1, said)
    assert Path(settings.ANCHOR_FILE).read_text().splitlines() == kept


def test_books_that_are_not_as_they_were_exit_with_1_and_one_sentence(db, tmp_path):
    pay_in("k1")
    link_entries(now=timezone.now())
    heads = tmp_path / "heads.txt"
    heads.write_text(f"1 {'0' * 64} 2026-11-29T00:00:00Z\n")
    said = "The books are broken: link 1 is not the one that was anchored."
    assert verified("--against", str(heads)) == (1, said)


def test_a_file_without_heads_and_books_without_links_are_refused_in_a_sentence(db, tmp_path):
    with pytest.raises(CommandError, match="Nothing is linked yet"):
        call_command("verify_books", "--head")
    other = tmp_path / "other.txt"
    for text in ("one two\n", "17\n"):
        other.write_text(text)
        with pytest.raises(CommandError, match="holds no heads"):
            call_command("verify_books", "--against", str(other))


def test_the_sweeper_links_what_was_posted(db, monkeypatch):
    monkeypatch.setattr("generation.worker.sweeper.close_old_connections", lambda: None)
    pay_in("k1")
    happen("1")
    stop = threading.Event()
    beside = {"the end": lambda clock: stop.set()}
    sweep_forever(clock=timezone.now, stop=stop, every_s=0.0, beside=beside)
    assert latest_link().entry_count == 1
    assert FactLink.objects.get().fact_count == 1


def test_the_first_page_of_the_desk_shows_the_head(client: Browser, db: None) -> None:
    client.force_login(User.objects.create_user("hanna@example.org", is_staff=True))
    assert "linked up to" not in client.get("/admin/").content.decode()
    pay_in("k1")
    head = link_entries(now=timezone.now())
    page = client.get("/admin/").content.decode()
    assert "linked up to link 1" in page
    assert head.sha256 in page
