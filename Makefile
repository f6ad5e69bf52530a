# Everything a developer or a continuous integration runs. `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
CHECKED := $(wildcard src tests examples benchmarks campaigns)

.DEFAULT_GOAL := help
.PHONY: help setup demo check test bench campaign lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## install into .venv what requirements.lock says, each file checked by its hash

demo: setup ## run a day's trade over simulators of every system; more in ARGS="..."
	@$(BIN)/tillbridge demo $(ARGS)

check: setup ## format, lint, types and floors, without the tests
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy $(CHECKED)
	$(BIN)/lint-imports

test: check ## everything that must hold before a change lands; more for pytest in ARGS="..."
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

bench: setup ## measure: NAME=order_to_cash, SCALE=short|full|long, SEED=7, ARGS="..."
	@$(BIN)/python -m benchmarks.$(or $(NAME),$(error say which: make bench NAME=...)) $(ARGS)

campaign: setup ## break it on purpose: NAME=crash, SCALE, SEED, PLANT=name|all, ARGS="..."
	@$(BIN)/python -m campaigns.$(or $(NAME),$(error say which: make campaign NAME=...)) $(ARGS)

lock: ## choose versions anew from pyproject.toml and write requirements.lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet pip-tools
	$(VENV)-lock/bin/pip-compile --quiet --upgrade --all-extras --all-build-deps --allow-unsafe \
		--generate-hashes --strip-extras --no-header --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links \
		--output-file $(VENV)-lock/requirements.lock pyproject.toml
	{ head -n 1 requirements.lock; cat $(VENV)-lock/requirements.lock; } > $(VENV)-lock/headed
	mv $(VENV)-lock/headed requirements.lock
	rm -rf $(VENV)-lock

clean: ## remove what was installed and cached here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tillbridge needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Installing into $(VENV) (once for each requirements.lock) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes \
		--only-binary :all: --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-index --no-deps \
		--no-build-isolation --editable .
	@touch $@
