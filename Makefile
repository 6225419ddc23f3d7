# The commands of this project. `make demo` shows it, `make test` proves it, `make check` reads it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORTAL_TORCH ?= torch==2.13.0
PY = .venv/bin/python
export OMP_NUM_THREADS ?= 1
export PYTHONWARNINGS ?= ignore::DeprecationWarning

.PHONY: demo test test-external test-stripe rehearse-stripe check format lock openapi clean browser

demo: .venv/ok
	$(PY) manage.py demo $(if $(CHECK),--check) $(if $(STEMS),--stems "$(STEMS)")

# Many tests start processes: modules are compiled once and what pytest rewrites is kept, also where
# Python is told to write nothing; and so are the engine's loops, before two test workers would each
# compile all of them.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/ok browser
	$(PY) -m compileall -q portal generation licensing tests
	$(PY) -m generation.worker.compiling
	$(PY) -m pytest -n 2 --dist loadgroup tests

# The adapters of external nets on tiny random pipelines of the real classes, without the network. A
# second environment adds the extra `external` to what .venv holds, so that the lock stays without it.
test-external: export HF_HUB_OFFLINE = 1
test-external: export EXTERNAL_IS_INSTALLED = 1
test-external: .venv-external/ok
	.venv-external/bin/python -m pytest tests/generation/nets/external

# The scenarios of payouts, subscriptions and invoices in Stripe's test mode (docs/operations.md), or
# the same calls at our stand-in. ARGS go to pytest.
test-stripe: .venv/ok
	$(PY) -m tests.provider $(ARGS)

rehearse-stripe: .venv/ok
	$(PY) -m tests.provider --rehearse $(ARGS)

check: .venv/ok
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy --strict --follow-imports=silent $$(cat .ci/strict)
	.venv/bin/mypy portal generation licensing
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run

format: .venv/ok
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# Rewrites the hashed lock from pyproject.toml; torch stays outside it (docs/decisions/0002).
lock: .venv/ok
	.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links -q pyproject.toml --group dev -o requirements.lock

# Writes the kept description of the partner API anew.
openapi: .venv/ok
	$(PY) manage.py spectacular --format openapi-json --file docs/openapi.json

# The browser tests want Debian's Chromium; as root it is installed, otherwise they say that they skip.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && (apt-get -o DPkg::Lock::Timeout=600 -qq update \
	  && apt-get -o DPkg::Lock::Timeout=600 -qq install -y chromium >/dev/null) \
	  || echo "No Chromium here: the browser tests will be skipped (apt-get install chromium)."; }

.venv/ok: requirements.lock
	@$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 11), sys.version' 2>/dev/null \
	  || { echo "Stemma needs Python 3.11; set PYTHON=/path/to/python3.11."; exit 2; }
	[ -x $(PY) ] || $(PYTHON) -m venv .venv
	.venv/bin/pip install -q --disable-pip-version-check uv==0.13.9
	.venv/bin/uv pip install -q --compile-bytecode --python $(PY) --require-hashes -r requirements.lock
	.venv/bin/pip install -q --disable-pip-version-check "$(PORTAL_TORCH)"
	touch .venv/ok

.venv-external/ok: .venv/ok pyproject.toml
	[ -x .venv-external/bin/python ] || $(PYTHON) -m venv .venv-external
	echo "$(CURDIR)/.venv/lib/python3.11/site-packages" > .venv-external/lib/python3.11/site-packages/stemma.pth
	$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["external"], sep="\n")' > .venv-external/extra.txt
	.venv-external/bin/pip install -q --disable-pip-version-check "$(PORTAL_TORCH)" -r .venv-external/extra.txt
	touch .venv-external/ok

clean:
	rm -rf .venv .venv-external var .mypy_cache .ruff_cache generation/engine/__pycache__
