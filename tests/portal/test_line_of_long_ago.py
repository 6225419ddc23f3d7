"""A line whose evidence is retired, on the artists' page, when its plays were doctored since."""

from django.db import transaction
from django.urls import reverse

from licensing.royalties import queries
from licensing.royalties.retiring import retire_evidence
from portal.accounts.models import Membership, User
from tests.licensing.royalties import long_ago
from tests.licensing.royalties import small_world as world


def test_a_line_that_its_plays_do_not_give_says_so_and_shows_no_numbers(
    client, committed_db, database_server
):
    with transaction.atomic():
        long_ago.live_through()
        user = User.objects.create_user("ana@example.org", "tape organ at low tide")
        Membership.objects.create(
            user=user, party=world.party("Ana"), role="VIEW", created_at=world.LONG_AGO
        )
    retire_evidence(month=long_ago.MONTH, now=long_ago.FOURTEEN_LATER)
    with database_server.postgres.connect(database_server.name, "postgres") as intruder:
        intruder.execute("SET session_replication_role = replica")
        assert intruder.execute("DELETE FROM royalties_usage WHERE payer_ref = 'l2'").rowcount
    client.force_login(user)
    statement = queries.statement_for(world.ref("Ana"), long_ago.MONTH)
    line = next(line for line in statement.lines if line.is_paid and not line.is_live)
    page = client.get(reverse("artists:statement_line", args=[line.id])).content.decode()
    assert "The plays of August 2025 no longer give what was divided at its close." in page
    assert "from this line" not in page
    file = reverse("artists:statement_file", args=[statement.id, "json"])
    assert client.get(file).status_code == 409
