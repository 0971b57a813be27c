# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo serve test lint types floors unit benchmark clean

demo: $(VENV)/base  ## install what is needed and analyse example photos
	$(BIN)/dermis demo --out demo

serve: $(VENV)/service  ## install what the service needs and start it
	$(BIN)/dermis serve

test: $(VENV)/dev lint types floors unit  ## install and run every check

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

floors:
	$(BIN)/lint-imports

unit:
	$(BIN)/pytest -n 2 --dist loadfile -q

benchmark: $(VENV)/dev  ## seconds and memory of the main job
	$(BIN)/pytest benchmarks -q -n 0 --benchmark-only

$(VENV)/base: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("dermis needs Python 3.11 or newer: make PYTHON=python3.11 ..." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/service: $(VENV)/base
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[service]'
	touch $@

$(VENV)/dev: $(VENV)/base
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,service,train]'
	touch $@

clean:
	rm -rf $(VENV) demo build dist src/*.egg-info
