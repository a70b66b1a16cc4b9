# Every target sets itself up first: a .venv from requirements.lock, with uv (installed into .venv when the machine has none).

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
ENGINES := .venv/.engines

.PHONY: setup sync demo dev report dashboard notebook test test-all test-fast test-engines bench lint check lock clean

sync: $(READY)
	$(BIN)/bluum sync

demo: $(READY)
	$(BIN)/bluum demo

dev: $(READY)
	$(BIN)/bluum dev

report: $(READY)
	$(BIN)/bluum report

dashboard: $(READY)
	$(BIN)/bluum dashboard

notebook: $(READY)
	$(BIN)/bluum notebook

test: $(READY)
	$(BIN)/python -m pytest -m "not long and not engines"

test-all: $(READY)
	$(BIN)/python -m pytest -m "not engines"

test-fast: $(READY)
	$(BIN)/python -m pytest -m "not slow"

test-engines: $(ENGINES)
	$(BIN)/python -m pytest tests/engines tests/lake --numprocesses=0

bench: $(READY)
	$(BIN)/python bench/pace.py --accounts 200
	$(BIN)/python bench/load.py --accounts 500
	$(BIN)/python bench/disk.py --accounts 100 --nights 30
	$(BIN)/python bench/models.py --accounts 500 --nights 250 --sql ours=sql
	$(BIN)/python bench/publish.py --accounts 500 --nights 250
	$(BIN)/python bench/night.py --accounts 100 --nights 50

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/sqlfluff lint sql/models sql/macros sql/tests --config sql/.sqlfluff
	$(BIN)/sqlfluff lint reading/questions --templater placeholder

check: lint test-all
	$(BIN)/pip-audit --requirement requirements.lock --disable-pip

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@command -v uv >/dev/null || $(BIN)/python -m pip install --quiet "$$(grep -o '^uv==[0-9.]*' requirements.lock)"
	@PATH="$(CURDIR)/$(BIN):$$PATH" && uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock \
	  && uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q assets cli pipelines reading sandbox
	@touch $@

$(ENGINES): $(READY) requirements-engines.lock
	@PATH="$(CURDIR)/$(BIN):$$PATH" && uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes \
	  --requirement requirements-engines.lock
	@touch $@

lock:
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade --output-file requirements.lock
	uv pip compile --group engines --constraint requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade --output-file requirements-engines.lock

clean:
	rm -rf .venv data/sandbox data/demo sql/target sql/logs
