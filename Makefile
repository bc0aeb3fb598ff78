# Everything runs from .venv, which the first target that needs it builds. A stamp inside it stands
# for each set of installed dependencies, so nothing is installed twice.

PYTHON ?= python3.11 python3
CONFIG ?= configs/quickstart.yaml
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt
PYTEST := $(BIN)/python -m pytest --timeout 900 -n auto --maxprocesses 4 --dist loadfile \
  --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help discover test slow check clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1: /'
	@echo "Variables: PYTHON (interpreter for .venv, 3.11 or newer), CONFIG (campaign), PYTEST_ARGS."

discover: $(VENV)/.run ## set up, then run or resume the campaign CONFIG (configs/quickstart.yaml)
	$(BIN)/stepsmith discover $(CONFIG)

test: $(VENV)/.test ## set up, then run the tests that are not slow
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

slow: $(VENV)/.test ## set up, then run the slow tests
	$(PYTEST) -m slow $(PYTEST_ARGS)

check: $(VENV)/.dev ## set up, then lint, check the formatting, the types and the import arrow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

clean: ## remove .venv, caches and build output; runs/ is kept
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# PYTHON may name several interpreters: the first that will do is taken.
$(VENV)/.python:
	@for python in $(PYTHON); do \
	  if ! command -v "$$python" >/dev/null; then why="not found"; \
	  elif ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then why="$$("$$python" --version 2>&1 | head -n 1)"; \
	  elif ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then why="has no venv module"; \
	  else found=$$python; break; fi; \
	  tried="$$tried\n  $$python: $$why"; \
	done; \
	if [ -z "$$found" ]; then \
	  printf "Stepsmith needs Python 3.11 or newer, with its venv module. Tried:$$tried\n" >&2; \
	  echo "Name another one with: make PYTHON=/path/to/python" >&2; \
	  exit 1; \
	fi; \
	echo "Creating $(VENV) with $$("$$found" --version) ($$found)"; \
	"$$found" -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing what Stepsmith runs on: about 1 GB and a minute or two the first time"
	@$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing what Stepsmith and its tests need, PyTorch too: a few minutes the first time"
	@$(PIP) -e '.[test]'
	@touch $(VENV)/.run $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing what Stepsmith, its tests and its checks need: a few minutes the first time"
	@$(PIP) -e '.[dev]'
	@touch $(VENV)/.run $(VENV)/.test $@
