# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
UV ?= uv
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
# Whatever the environment says: dozens of processes are started from this code, and none is to compile it anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run test suite lint test-deps system-deps bench bench-large specs release-specs docs lock clean

help: ## say what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(LOCKED): requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 to 3.13, or name one, as in make run PYTHON=python3.11." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v[:2] <= (3, 13) else "Sillok runs on Python 3.11 to 3.13, this is %d.%d: name one of those, as in make run PYTHON=python3.11." % v[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python lacks venv: install it, on Debian with apt-get install python3-venv." >&2; exit 1; }
	@echo "installing into $(VENV) from requirements.txt"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes --requirement requirements.txt
	@touch $@

# Apart from the lock: a change of tool settings does not cost a new environment.
$(STAMP): $(LOCKED) pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

run: $(STAMP) ## start everything and play the first programme in (PORT, SILLOK_HOME, DATABASE_URL, REDIS_URL)
	@exec $(BIN)/sillok up

test: ## lint beside the whole test suite (JOBS at a time)
	@$(MAKE) --no-print-directory --jobs=2 --keep-going lint suite

suite: test-deps
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

lint: $(STAMP) ## ruff, mypy strict (tests too), import-linter
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test-deps: $(STAMP) system-deps ## install all that the tests need

system-deps:
	@ops/test-deps

bench: $(STAMP) ## measure beside alternatives, as ratios; ONLY=append,batch chooses, QUICK=1 tries it, RECORD=1 keeps it
	@$(BIN)/python -m ops.bench

bench-large: $(STAMP) ## measure growth up to ten million events (RECORD=1 keeps it)
	@LARGE=1 ONLY=growth $(BIN)/python -m ops.bench

specs: $(STAMP) ## write api_specs anew from the code
	@$(BIN)/python -m api_specs

release-specs: $(STAMP) ## on a release: keep its API, which later ones are held to, and a ledger, which they re-execute
	@$(BIN)/python -m api_specs --released
	@$(BIN)/python -m tests.releases

docs: $(STAMP) ## build the documentation into build/docs
	@PYTHONPATH=. $(BIN)/python -m mkdocs build --quiet --config-file ops/docs/mkdocs.yml
	@echo "build/docs/index.html"

lock: ## write requirements.txt anew from pyproject.toml (needs uv)
	@command -v $(UV) >/dev/null || { echo "There is no $(UV): install it with pip install uv, or name one, as in make lock UV=path/to/uv." >&2; exit 1; }
	@$(UV) pip compile pyproject.toml --extra dev --python-version 3.11 --universal --generate-hashes --quiet \
		--no-emit-index-url --no-annotate --no-header --output-file requirements.txt >/dev/null

clean: ## remove the virtual environment and caches; data stays
	@rm -rf $(VENV) build .bench *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache tests/contracts/node_modules
