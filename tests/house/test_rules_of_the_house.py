"""The rules of the house that import-linter cannot see, as facts about the source tree."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from generation.work.rules import KICK

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("portal", "generation", "licensing")
FLOORS = {"licensing": 0, "generation": 1, "portal": 2}
FORBIDDEN_NAMES = {"utils", "helpers", "helper", "common", "base", "misc", "manager", "managers"}


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.exists() and "migrations" not in path.parts]


def _sources() -> list[Path]:
    return [path for path in _tracked("*.py") if path.relative_to(ROOT).parts[0] in PACKAGES]


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def _own_models() -> list[type]:
    return [model for model in apps.get_models() if model.__module__.split(".")[0] in PACKAGES]


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {str(path): len(path.read_text().splitlines()) for path in _tracked("*.py", "*.js")}
    assert {path: count for path, count in lengths.items() if count > 400} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for path in _tracked("*.py")
        for function in _functions(path)
        if (function.end_lineno or 0) - function.lineno >= 50
    ]
    assert long == []


def test_every_module_opens_with_a_docstring() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _tracked("*.py")
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_no_module_is_a_dumping_ground() -> None:
    assert [path for path in _sources() if path.stem in FORBIDDEN_NAMES] == []


def test_no_check_is_switched_off_in_a_comment() -> None:
    pattern = re.compile(r"#\s*(noqa|type:\s*ignore(?!\[)|pragma|TODO|FIXME|XXX)")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in _tracked("*.py")
        for line in path.read_text().splitlines()
        if pattern.search(line) and path != Path(__file__)
    ]
    assert found == []


def test_every_source_file_stands_in_the_readme_map() -> None:
    readme = (ROOT / "README.md").read_text()
    named = set(re.findall(r"`([\w./-]+)`", readme))
    files = [str(path.relative_to(ROOT)) for path in _sources() if path.read_text().strip()]
    missing = [name for name in files if name not in named and not name.endswith("apps.py")]
    assert missing == []


def test_the_readme_map_names_no_file_that_is_gone() -> None:
    readme = (ROOT / "README.md").read_text()
    named = re.findall(r"^- `([\w./-]+\.py)`", readme, re.MULTILINE)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_foreign_keys_point_down_or_stay_on_the_floor() -> None:
    upward = [
        f"{model._meta.label}.{field.name}"
        for model in _own_models()
        for field in model._meta.get_fields()
        if field.is_relation and field.many_to_one and field.related_model in _own_models()
        if FLOORS[model.__module__.split(".")[0]]
        < FLOORS[field.related_model.__module__.split(".")[0]]
    ]
    assert upward == []


def test_every_model_says_what_personal_data_it_holds() -> None:
    silent = [
        model._meta.label
        for model in _own_models()
        if "Personal data:" not in (model.__doc__ or "")
    ]
    assert silent == []


def test_migrations_are_complete(db: None) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_web_process_loads_no_device_library_and_can_ring_for_a_worker() -> None:
    """numpy is none: taste reckons with it where somebody waits (docs/decisions/0055).

    The task that a bell names is known once the modules of tasks are loaded, also without a device.
    """
    program = (
        "import portal.wsgi, portal.asgi, sys; from django.urls import get_resolver;"
        "get_resolver().url_patterns; import django.test;"
        "loaded = lambda: sorted({'torch', 'numba', 'scipy', 'av'} & set(sys.modules));"
        "from portal.celery import app;"
        f"print(loaded(), '{KICK}' in app.tasks);"
        "app.loader.import_default_modules();"
        f"print('torch' in sys.modules, '{KICK}' in app.tasks)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[] False", "False True"]


def test_every_environment_variable_is_documented() -> None:
    text = "".join(path.read_text() for path in _tracked("portal/*.py", "generation/*.py"))
    pattern = r'env\.(?:text|flag|whole|words)\(\s*"([A-Z0-9_]+)"'
    documented = (ROOT / "docs" / "settings.md").read_text()
    names = set(re.findall(pattern, text)) | set(re.findall(r'environ\.get\("([A-Z_]+)"', text))
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_every_decision_names_what_was_rejected() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert records
    assert [path.name for path in records if "Rejected" not in path.read_text()] == []
