"""The embedded PostgreSQL and Valkey: private, role by role, and gone when stopped."""

from pathlib import Path

import psycopg
import pytest
import redis

from portal.demo.embedded import PartFailed, Postgres, Valkey
from tests.database import DatabaseServer


def test_postgres_listens_on_no_network(database_server: DatabaseServer) -> None:
    with database_server.postgres.connect("postgres", "postgres") as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_the_application_role_cannot_make_tables(db: None, database_server: DatabaseServer) -> None:
    with (
        database_server.postgres.connect(database_server.name, "stemma_app") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE anything (id int)")


def test_a_cluster_of_another_major_version_is_refused_in_words(tmp_path: Path) -> None:
    cluster = tmp_path / "pg"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(PartFailed, match="made by PostgreSQL 12"):
        Postgres(cluster).start()


def test_valkey_answers_and_then_is_gone(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey")
    server.start()
    socket = str(server.sockets / "s")
    with redis.Redis(unix_socket_path=socket) as client:
        assert client.ping()
    server.stop()
    assert not Path(socket).exists()
    assert server.process.returncode == 0
