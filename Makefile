# `make demo` shows the product, `make test` proves it; both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test check bench lock

setup: $(STAMP)
	@$(BIN)/suggest setup

# torch comes first and by itself: which build of it fits is a matter of the machine (see README, "Run it").
$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing packages into $(VENV) (several minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup
	@$(BIN)/suggest demo

test: setup
	@$(BIN)/python -m pytest

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/suggest lint
	@$(MAKE) --no-print-directory test
	@$(BIN)/python -m evals run --slice 60

bench: setup
	@$(BIN)/python -W ignore -m tests.bench.matcher

lock:
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	@$(BIN)/pip-compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --no-emit-options --unsafe-package torch --unsafe-package setuptools --unsafe-package pip \
		--extra dev --output-file requirements.lock pyproject.toml
	@sed -i '/^# WARNING: The following packages were not pinned/,$$d' requirements.lock
