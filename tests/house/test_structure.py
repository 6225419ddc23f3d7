"""How the rooms stand to each other, where import-linter and the type checker cannot look."""

import ast
import configparser
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model
from django.urls import URLResolver, get_resolver

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("licensing", "generation", "portal")
DEVICE_LIBRARIES = {"torch", "numba", "numpy", "scipy", "av", "soxr", "soundfile"}
DEVICE_ROOMS = (
    *("generation/engine", "generation/compose", "generation/analysis", "generation/ingest"),
    *("generation/nets", "generation/worker", "generation/taste", "portal/demo"),
)
# A close divides ten million plays and posts a million shares (docs/decisions/0154, 0135).
ARRAY_ROOMS = (*DEVICE_ROOMS, "licensing/royalties", "licensing/ledger")
# A GPL library would make the whole product GPL; an LGPL one may be called, and is.
FORBIDDEN_LICENCES = re.compile(r"(?<!L)(?<!Lesser )(AGPL|GPL|General Public License)|SSPL|BUSL")


def _sources() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _layers(package: str) -> list[list[str]]:
    """The rooms of a package as its contract layers them, lowest first."""
    linter = configparser.ConfigParser()
    linter.read(ROOT / ".importlinter")
    lines = linter[f"importlinter:contract:{package}"]["layers"].strip().splitlines()
    return [re.findall(r"\w+", line) for line in reversed(lines)]


def _place(module: str) -> tuple[int, int]:
    """How high a module stands: its package, then its layer there."""
    package, room = module.split(".")[:2]
    return PACKAGES.index(package), next(
        height for height, rooms in enumerate(_layers(package)) if room in rooms
    )


def _own_models() -> list[type[Model]]:
    return [one for one in apps.get_models() if one.__module__.split(".")[0] in PACKAGES]


# Django has an app of that name itself.
LABELS = {"sessions": "live_sessions"}


def test_every_app_stands_in_its_contract_under_its_folders_name() -> None:
    own = [one for one in apps.get_app_configs() if one.name.split(".")[0] in PACKAGES]
    assert len(own) > 15
    for config in own:
        package, room = config.name.split(".")
        assert any(room in rooms for rooms in _layers(package)), config.name
        assert config.label == LABELS.get(room, room)
        assert config.default_auto_field == "django.db.models.BigAutoField"


def test_no_foreign_key_points_to_a_room_above_or_beside() -> None:
    models = _own_models()
    astray = [
        f"{model._meta.label}.{field.name}"
        for model in models
        for field in model._meta.get_fields()
        if (field.many_to_one or field.one_to_one) and field.concrete
        if field.related_model in models
        and field.related_model._meta.app_label != model._meta.app_label
        if _place(field.related_model.__module__) >= _place(model.__module__)
    ]
    assert astray == []


def test_device_libraries_stay_in_the_rooms_of_the_device() -> None:
    astray = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in _sources()
        for name in _imported(path)
        if (library := name.split(".")[0]) in DEVICE_LIBRARIES
        if not str(path.relative_to(ROOT)).startswith(
            ARRAY_ROOMS if library == "numpy" else DEVICE_ROOMS
        )
    ]
    assert astray == []


def test_the_engine_knows_neither_rows_nor_a_clock() -> None:
    unknown = {"django", "celery", "datetime", "time", "random", "socket", "requests"}
    engine = [path for path in _sources() if "generation/engine" in str(path)]
    assert len(engine) > 10
    astray = [(path.name, name) for path in engine for name in _imported(path) if name in unknown]
    assert astray == []


def test_the_books_know_no_floating_point() -> None:
    floats = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in ("ledger", "receipts", "royalties")
        for path in (ROOT / "licensing" / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id in {"float", "FloatField"})
    ]
    assert floats == []


def test_both_lower_floors_are_read_strictly() -> None:
    strict = (ROOT / ".ci" / "strict").read_text().split()
    assert {"generation", "licensing"} <= set(strict)
    assert [name for name in strict if not (ROOT / name).exists()] == []
    pure = [str(path.relative_to(ROOT)) for path in _sources() if path.stem in {"rules", "values"}]
    assert [name for name in pure if not name.startswith(tuple(strict))] == []


def test_nobody_waits_by_sleeping() -> None:
    tests = list((ROOT / "tests").rglob("*.py"))
    sleeping = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in [*_sources(), *tests]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "sleep"
    ]
    assert sleeping == []


def test_every_address_named_in_a_template_exists() -> None:
    known: set[str] = set()

    def walk(resolver: URLResolver, space: str = "") -> None:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                walk(one, f"{one.namespace}:" if one.namespace else space)
            elif one.name:
                known.add(space + one.name)

    walk(get_resolver())
    named = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r"""\{% url ["']([\w:]+)["']""", path.read_text())
    }
    assert len(named) > 20
    assert named - known == set()


def test_every_template_is_rendered_or_included_by_something() -> None:
    folder = ROOT / "templates"
    readers = [*_sources(), *folder.rglob("*.html"), *folder.rglob("*.txt")]
    whole = "".join(path.read_text() for path in readers)
    of_libraries = ("account/", "admin/", "unfold/", "allauth/", "socialaccount/", "mfa/")
    unused = [
        name
        for path in folder.rglob("*.html")
        if (name := str(path.relative_to(folder))) not in whole
        if not name.startswith(of_libraries) and "/" in name
    ]
    assert unused == []


def test_every_documented_setting_is_read_somewhere() -> None:
    table = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}
    assert len(documented) > 25
    read = "".join(path.read_text() for path in _sources())
    assert {name for name in documented if f'"{name}"' not in read} == set()


def test_every_file_that_a_page_of_the_docs_names_exists() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    folders = "portal|generation|licensing|tests|benchmarks"
    gone = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in pages
        for name in re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text())
        if not (ROOT / name).exists()
    ]
    assert gone == []


LOCKED = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


def test_no_locked_package_is_under_a_licence_that_reaches_for_ours() -> None:
    told = {}
    for name in LOCKED:
        try:
            found = metadata(name)
        except PackageNotFoundError:  # for another platform; the lock is universal
            continue
        classifiers = [
            one for one in found.get_all("Classifier") or [] if one.startswith("License")
        ]
        short = (found.get("License") or "").splitlines()[:1]
        told[name] = " ".join([found.get("License-Expression") or "", *short, *classifiers]).strip()
    assert len(told) > 100
    assert [name for name, licence in told.items() if not licence] == []
    assert {name: one for name, one in told.items() if FORBIDDEN_LICENCES.search(one)} == {}


@pytest.mark.parametrize(
    ("licence", "reaches"),
    [
        ("GPL-3.0-only", True),
        ("AGPL-3.0-or-later", True),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True),
        ("LGPL-2.1-or-later", False),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", False),
        ("Apache-2.0", False),
    ],
)
def test_a_licence_that_reaches_for_ours_would_be_seen(licence: str, reaches: bool) -> None:
    assert bool(FORBIDDEN_LICENCES.search(licence)) is reaches
