# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/lock.txt
PIP_INSTALL := pip install --quiet --disable-pip-version-check
EXTRAS := dev,lab,service,batch,ray,study
COVERED := 85
# The rooms that measure, the tests of theirs, and the share of their lines that these must run; never lowered.
MEASURING := colour metrics tasks pipeline
MEASURING_TESTS := $(addprefix tests/,$(MEASURING)) tests/laws tests/contracts/test_contract_frozen_steps.py tests/contracts/test_contract_shipped_figures.py
MEASURING_COVERED := 93

.PHONY: demo serve test lint types floors unit coverage laws mutate test-wheel test-newest lock licences sbom fuzz benchmark benchmark-compare clean

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
	$(BIN)/pytest -n 2 --dist loadfile -q $(MEASURING_TESTS) $(addprefix --cov=dermis.,$(MEASURING)) --cov-report=term:skip-covered --cov-fail-under=$(MEASURING_COVERED)
	$(BIN)/pytest -n 2 --dist loadfile -q $(addprefix --ignore=,$(MEASURING_TESTS))

coverage: $(VENV)/dev  ## lines that the tests run, with a floor that is never lowered
	$(BIN)/pytest -n 2 --dist loadfile -q --cov=dermis --cov-report=term:skip-covered --cov-fail-under=$(COVERED)

laws: $(VENV)/dev  ## meet every law with examples that no run has met before
	DERMIS_LAWS=explore $(BIN)/pytest -n 2 --dist loadfile -q tests/laws

mutate: $(VENV)/dev  ## EACH mutants of each room that measures, drawn by SEED, and what no test notices; goes on where it stopped
	$(BIN)/python tests/mutation/run.py --named
	$(BIN)/python tests/mutation/run.py --each $(or $(EACH),25) --seed $(or $(SEED),0)

test-wheel: export PYTHONPATH :=
test-wheel:  ## build the wheel, install it alone into a clean environment, and use it there
	rm -rf build/lib build/wheel
	$(PYTHON) -m venv build/wheel/env
	build/wheel/env/bin/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/wheel .
	build/wheel/env/bin/$(PIP_INSTALL) -c $(LOCK) build/wheel/dermis-*.whl
	du -sh build/wheel/env
	cd build/wheel && env/bin/dermis demo --out demo
	cd build/wheel && env/bin/dermis synth tone-chips --out chips --set tones=1 --set sets=1 --set test_tones=1 --set test_sets=1 --set size_px=64
	test -s build/wheel/demo/report.html

test-newest:  ## run the tests with the newest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear build/newest
	build/newest/bin/$(PIP_INSTALL) -e '.[$(EXTRAS)]'
	build/newest/bin/pytest -n 2 --dist loadfile -q

lock: $(VENV)/dev  ## write down the versions installed here
	$(BIN)/python requirements/lock.py $(EXTRAS) > $(LOCK).new
	mv $(LOCK).new $(LOCK)

licences: $(VENV)/dev  ## write docs/reference/licences.md from what is installed
	$(BIN)/python requirements/licences.py > docs/reference/licences.md

sbom: $(VENV)/dev  ## write a bill of materials (CycloneDX) from the lock file
	$(BIN)/python requirements/licences.py --sbom > dermis.cdx.json

fuzz: $(VENV)/dev  ## fuzz every reader for SECONDS; failing inputs are kept in fuzz-failures
	$(BIN)/python tests/fuzz/run.py $(or $(SECONDS),60)

benchmark: $(VENV)/dev  ## seconds and memory of each stage beside references; STONE: the command of skin-tone-classifier
	$(BIN)/python benchmarks/speed.py --json build/benchmark.json --table docs/concepts/speed.md $(if $(STONE),--stone $(STONE))

benchmark-compare: $(VENV)/dev  ## BASE and HEAD side by side: stages in turns, findings that differ
	$(BIN)/python benchmarks/compare.py $(or $(BASE),HEAD~1) $(or $(HEAD),HEAD) --json build/benchmark-compare.json

$(VENV)/base: pyproject.toml $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit("dermis needs Python 3.11 or newer: make PYTHON=python3.11 ..." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP_INSTALL) -c $(LOCK) -e .
	touch $@

$(VENV)/service: $(VENV)/base
	$(BIN)/$(PIP_INSTALL) -c $(LOCK) -e '.[service]'
	touch $@

$(VENV)/dev: $(VENV)/base
	$(BIN)/$(PIP_INSTALL) -c $(LOCK) -e '.[$(EXTRAS)]'
	touch $@

clean:
	rm -rf $(VENV) demo build dist src/*.egg-info
