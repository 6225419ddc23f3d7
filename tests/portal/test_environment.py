"""Settings are read with types and fail with one sentence."""

import os
import subprocess
import sys

import pytest

from portal import environment as env


def test_a_flag_takes_yes_and_no_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_FLAG", "yes")
    assert env.flag("X_FLAG", False) is True
    monkeypatch.setenv("X_FLAG", "perhaps")
    with pytest.raises(env.BadEnvironment, match="X_FLAG is 'perhaps'"):
        env.flag("X_FLAG", False)


def test_a_number_below_the_least_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_NUMBER", "3")
    with pytest.raises(env.BadEnvironment, match="the least is 4"):
        env.whole("X_NUMBER", 9, lowest=4)


def test_a_database_url_with_a_socket_folder() -> None:
    entry = env.database("postgresql://ann:p%40ss@/books?host=/run/pg")
    assert (entry["HOST"], entry["NAME"], entry["USER"], entry["PASSWORD"]) == (
        "/run/pg",
        "books",
        "ann",
        "p@ss",
    )


def test_a_pool_keeps_the_options_of_the_url_and_asks_whether_connections_still_live() -> None:
    entry = env.database("postgresql://ann@db/books?sslmode=require", 8)
    pool = {"min_size": 1, "max_size": 8}
    assert entry["OPTIONS"] == {"sslmode": "require", "pool": pool}
    assert entry["CONN_HEALTH_CHECKS"] is True
    assert env.database("postgresql://ann@db/books")["OPTIONS"] == {}


def test_another_engine_is_refused() -> None:
    with pytest.raises(env.BadEnvironment, match="must begin with postgresql"):
        env.database("sqlite:///file")


PRODUCTION = {
    "STEMMA_ENV": "production",
    "SECRET_KEY": "k" * 30 + "0123456789abcdefghijklmnopqrstuv",
    "BASE_URL": "https://music.example",
    "ALLOWED_HOSTS": "music.example",
    "DATABASE_URL": "postgresql://stemma_app@db.example/stemma",
    "BROKER_URL": "amqp://broker.example",
    "EMAIL_HOST": "mail.example",
    "METRICS_TOKEN": "t",
    "ANCHOR_FILE": "none",
    "PATH": os.environ["PATH"],
}


def _check(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_full_production_environment_passes_the_deployment_checks() -> None:
    done = _check(PRODUCTION)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS", "EMAIL_HOST", "ANCHOR_FILE"]
)
def test_production_without_a_needed_variable_says_which(name: str) -> None:
    done = _check({key: value for key, value in PRODUCTION.items() if key != name})
    assert done.returncode != 0
    assert f"{name} is not set" in done.stderr


def test_production_that_pays_says_where_the_banks_file_is_or_that_there_is_none() -> None:
    pays = PRODUCTION | {"STRIPE_SECRET_KEY": "sk_test_1"}
    done = _check(pays)
    assert done.returncode != 0
    assert "BANK_FILE is not set" in done.stderr
    assert _check(pays | {"BANK_FILE": "none"}).returncode == 0


def test_a_path_that_is_said_to_be_none_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_PATH", " None ")
    assert env.path_or_none("X_PATH", "else") == ""
    monkeypatch.setenv("X_PATH", "/kept/heads.txt")
    assert env.path_or_none("X_PATH", None) == "/kept/heads.txt"
