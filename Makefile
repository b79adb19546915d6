# Two commands do everything: `make plan` and `make test`. Both set themselves up first.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help plan handouts test fuzz lint bench docs site notebooks lock clean

PYTHON ?= python3
PYTEST_ARGS ?=
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCKED := $(PIP) install --require-hashes --only-binary :all:
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-emit-index-url --custom-compile-command "make lock"

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

plan: $(VENV)/run.stamp ## plan the embedded sample of Yubei; the map lands in maps/
	$(BIN)/siting plan data/scenarios/yubei-2025.toml

handouts: plan ## plan the sample, then write everybody's sheet, the workbook and the report
	$(BIN)/siting handout maps/yubei-2025
	$(BIN)/siting table maps/yubei-2025
	$(BIN)/siting report maps/yubei-2025

test: $(VENV)/dev.stamp ## every test, on all cores
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

fuzz: $(VENV)/dev.stamp ## 20,000 spoiled inputs instead of 2,000
	SITING_FUZZ=20000 $(BIN)/python -m pytest tests/test_fuzz.py $(PYTEST_ARGS)

lint: $(VENV)/dev.stamp ## ruff, mypy and the import contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/bench.stamp ## time the stages beside rivals; writes docs/benchmarks.md
	$(BIN)/python -m benchmarks

docs: $(VENV)/dev.stamp ## write the reference pages from the code
	$(BIN)/python docs/generate.py

site: $(VENV)/dev.stamp ## build the pages of docs/ into site/, to be opened without a server
	$(BIN)/python -m mkdocs build

notebooks: $(VENV)/dev.stamp ## run the notebooks; with their pictures they land in maps/notebooks/
	mkdir -p maps/notebooks
	for name in 01-first-plan 02-scenarios-and-trade-off 03-handouts 04-own-data; do \
	  $(BIN)/python -m papermill --cwd notebooks --kernel python3 notebooks/$$name.ipynb maps/notebooks/$$name.ipynb || exit 1; done

lock: ## pin the dependencies of pyproject.toml again (wants uv)
	$(COMPILE) --group build --output-file requirements.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock --group dev --output-file requirements-dev.lock
	$(COMPILE) --constraint requirements.lock --constraint requirements-dev.lock --group bench --output-file requirements-bench.lock

clean: ## remove the environment and everything built
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find siting tests benchmarks data docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "siting needs Python 3.11 or newer as '$(PYTHON)'; name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "'$(PYTHON)' lacks venv; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/pyvenv.cfg requirements.lock pyproject.toml
	$(LOCKED) --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	$(LOCKED) --requirement requirements.lock --requirement requirements-dev.lock
	@touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp requirements-bench.lock
	$(LOCKED) --requirement requirements.lock --requirement requirements-dev.lock --requirement requirements-bench.lock
	@touch $@
