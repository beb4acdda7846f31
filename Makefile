# Two commands on a fresh machine: `make demo` and `make test`. Python 3.11 or newer is all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What an install depends on: a change of any makes the next command install again.
INPUTS := pyproject.toml constraints.txt ganray/_version.py

# Tests start some hundred interpreters; each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all cluster-test bench chaos lint types style clean help

help:
	@echo "make demo   install, then train, measure and report on 4,000 real MNIST digits"
	@echo "make test   install, then lint, types, contracts and tests: the fast whole, minutes"
	@echo "make test-all   the same with the slow tests and, as root, the cluster's: an hour"
	@echo "make cluster-test   as root: clusters over ssh between namespaces, and an autoscaler; minutes"
	@echo "make bench  what speed there is on this machine, as ratios of alternatives; minutes"
	@echo "make chaos   as root: 100 rounds of faults on three Ray hosts and an S3 server; hours"
	@echo "make clean  remove the virtual environment and caches (stores are kept)"

$(VENV)/.installed: $(INPUTS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	@test -e demo.yaml || $(BIN)/ganray init demo
	$(BIN)/ganray run demo.yaml

# Types take as long as all else: side by side.
lint: $(VENV)/.installed-dev
	@$(MAKE) --no-print-directory --jobs 2 types style

types:
	$(BIN)/mypy

style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# Of three processes one does all that needs Ray, and mostly waits: see tests/conftest.py.
PYTEST := $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

test: lint
	$(PYTEST)

# Whatever this machine can run; a test that lacks something says what. Property tests draw examples
# that no run had before.
test-all: export GANRAY_TEST_EXAMPLES = new
test-all: lint
	$(PYTEST) -m 'not cluster' -rs
	@if [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory cluster-test; \
	else echo "not run, as they need root: the tests of make cluster-test"; fi

# Needs root, iproute2, openssh-server and rsync; a test says what is missing. -rP shows the times.
cluster-test: $(VENV)/.installed-dev
	$(BIN)/pytest -m cluster -rPs tests/cluster

# Ratios of alternatives that are timed in turn; on one thread, as BLAS has a pool of its own.
bench: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.bench --json bench.json

# Goes on where it was ended: the log of rounds is chaos/rounds.jsonl, and a seed gives the same faults.
chaos: $(VENV)/.installed-dev
	$(BIN)/python -m tests.chaos --rounds 100 --seed 1 --folder chaos

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
