# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run test lint test-deps bench specs lock clean

help: ## say what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v[:2] <= (3, 13) else f"Sillok runs on Python 3.11 to 3.13, this is {v[0]}.{v[1]}: set PYTHON to one of those, as in make run PYTHON=python3.11.")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python lacks venv: install it, on Debian with apt-get install python3-venv." >&2; exit 1; }
	@echo "installing into $(VENV) from requirements.txt"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

run: $(STAMP) ## start everything and play the first programme in (PORT, SILLOK_HOME, DATABASE_URL, REDIS_URL)
	@exec $(BIN)/sillok up

test: test-deps lint ## lint, then the whole test suite
	@$(BIN)/python -m pytest

lint: $(STAMP) ## ruff, mypy strict, import-linter
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test-deps: $(STAMP) ## install what the tests need from the system
	@ops/test-deps

bench: $(STAMP) ## measure what can be measured, as ratios within one run
	@$(BIN)/python -m ops.bench

specs: $(STAMP) ## write api_specs anew from the code
	@$(BIN)/python -m api_specs

lock: ## write requirements.txt anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --output-file requirements.txt

clean: ## remove the virtual environment and caches; data stays
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
