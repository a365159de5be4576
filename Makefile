# Everything that people and CI run. A fresh machine needs Python >= 3.11 with pip, make and git.
#   make demo     a simulated night in Seoul, live          make test    the whole test suite
#   make check    format, lint, types, contracts, schema    make fix     format and fix what can be fixed
# Another Python: make setup PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
# A Python that was named on purpose replaces the one of an existing .venv.
SETUP := $(PYTHON) scripts/setup.py $(if $(filter file,$(origin PYTHON)),,--this-python)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header
UV_VERSION := 0.13.9
CHECKS := check-format check-lint check-types check-imports check-migrations check-clock check-js check-locale check-docs

# Compiled modules are kept: without them every start of the program would compile them all again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-long check $(CHECKS) fix lock bench clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed -n 1,4p

setup:
	@$(SETUP) test

# exec: the child is make's own, so that make hands it SIGTERM and the terminal's Ctrl-C reaches it directly.
demo:
	@$(SETUP) run
	@exec $(BIN)/daeri demo $(ARGS)

test: setup
	@exec $(BIN)/python scripts/run_tests.py $(ARGS)

test-long: setup
	@exec $(BIN)/python scripts/run_tests.py --long $(ARGS)

check: $(CHECKS)
	@echo "check: all passed"

check-format: setup
	@$(BIN)/ruff format --check .

check-lint: setup
	@$(BIN)/ruff check .

check-types: setup
	@$(BIN)/mypy

check-imports: setup
	@$(BIN)/lint-imports --config .importlinter

check-migrations: setup
	@$(BIN)/python -m daeri.migrations.check

check-clock: setup
	@$(BIN)/python scripts/check_clock.py

check-js: setup
	@$(BIN)/python scripts/check_js.py

check-locale: setup
	@$(BIN)/python scripts/check_locale.py

check-docs: setup
	@$(BIN)/python scripts/write_settings_doc.py --check

fix: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python scripts/write_settings_doc.py

# Newest versions that the floors in pyproject.toml allow; the files name no registry.
lock: setup
	@echo 'uv==$(UV_VERSION)' | $(COMPILE) - -o requirements/uv.txt
	@$(COMPILE) --group test pyproject.toml --extra otel --extra parquet -o requirements/test.txt
	@$(COMPILE) --group build pyproject.toml -c requirements/test.txt -o requirements/run.txt

bench: setup
	@exec $(BIN)/daeri bench $(or $(ARGS),all)

clean:
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache reports
