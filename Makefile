# The same targets by hand and in CI. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
PORT ?= 3000
# LightGBM and BLAS threads get in each other's way on small machines and under load.
export OMP_NUM_THREADS ?= 1
export BENTOML_DO_NOT_TRACK := True
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: help setup demo test check bench lock format clean

help: ## what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/.ready ## a virtual environment in .venv with everything, from the lock file

.venv/.ready: requirements.lock pyproject.toml
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Accord needs Python 3.11 or newer; python3 is " + sys.version)'
	python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## trains on the simulated company and serves it on 127.0.0.1:$(PORT)
	.venv/bin/accord demo --port $(PORT)

test: setup ## all tests, with doctests
	$(PY) -m pytest -n 2 --dist worksteal

check: setup ## lint, format, types, import rules
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: setup ## speed and memory, as ratios to baselines in the same run
	$(PY) -m benchmarks

format: setup ## puts the code in form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: ## resolves pyproject.toml anew into requirements.lock, with hashes and no registry's name
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --quiet --upgrade --output-file requirements.lock

clean: ## removes what the other targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov
