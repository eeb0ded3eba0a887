# `make demo` and `make test` do all of their own set-up; a second call does none.
PYTHON ?= $(shell scripts/find-python)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -q --disable-pip-version-check
OUTPUT ?= ecr-audit-output
# One more than there are cores: many tests wait for the processes that they started.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# What is compiled is kept, whatever the caller's setting: tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test soak lint secrets docs lock bench check clean

help:            ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

# One stamp per lock: the environment is rebuilt only when its lock or the project file changes.
$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	@echo "Installing ecr-audit and its locked dependencies into $(VENV) (once, about a minute)"
	@$(PIP) --require-hashes -r requirements/demo.txt
	@$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.test: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing ecr-audit and what its tests need into $(VENV) (once, about a minute)"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-build-isolation --no-deps -e .
	@touch $(VENV)/.demo $@

$(BIN)/python:
	@scripts/make-venv "$(PYTHON)" $(VENV)

$(VENV)/.native: scripts/native-libraries $(VENV)/.demo
	@scripts/native-libraries $(BIN)/python
	@touch $@

demo: $(VENV)/.demo $(VENV)/.native  ## audit the simulated organization and write its reports
	@$(BIN)/ecr-audit demo --output $(OUTPUT)

test: $(VENV)/.test $(VENV)/.native  ## run the test suite
	@scripts/viewers
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

soak: $(VENV)/.test $(VENV)/.native  ## what takes an hour: 1,100 kills of a store's users, whole nights, 200 random worlds
	@scripts/viewers
	ECR_AUDIT_SOAK=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup tests/audit/store/test_killing.py tests/nights tests/oracle

lint: $(VENV)/.test                  ## style, types, import contracts, generated documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check-words
	$(BIN)/python scripts/generate-docs --check

secrets: $(VENV)/.test               ## secrets in the tree, weaknesses in what it depends on
	$(BIN)/python scripts/find-secrets
# Where the package index knows of no vulnerabilities, this is said, and is no failure.
	$(BIN)/python scripts/audit-dependencies

docs: $(VENV)/.test                  ## write the generated documents anew
	$(BIN)/python scripts/generate-docs

check: lint test secrets             ## all that CI runs

bench: $(VENV)/.test                 ## measure against a bare boto3 loop, in the same run
	$(BIN)/python -m benchmarks

lock: | $(BIN)/python                ## resolve the locks anew
	$(PIP) uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" -q -o requirements/demo.txt --extra demo --group build
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" -q -o requirements/service.txt --extra web --extra postgres --extra tracing
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" -q -o requirements/dev.txt --extra demo --extra web --extra postgres --extra tracing --group dev

clean:           ## remove what was built here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
