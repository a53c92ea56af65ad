# Each target sets up all that it needs, in this folder alone, and is quick when nothing changed.

VENV := $(or $(BREAKWATER_VENV),.venv)
JOBS ?= 2
MAKEFLAGS += --no-print-directory

.PHONY: help start setup test lock

help:
	@echo "make start   set up what a learner needs, and open the course in JupyterLab (HEADLESS=1: no browser)"
	@echo "make setup   set up everything in $(VENV)/, the tools of the course's authors too"
	@echo "make test    lint, check types, run the tests (some of them: make test ARGS='-k submission'; four at a time: JOBS=4)"
	@echo "make lock    resolve the dependencies in pyproject.toml anew (to newer versions: make lock UPGRADE=1)"

start:
	@.ci/install lab
	@exec $(VENV)/bin/course jupyter

setup:
	@.ci/install all

test: setup
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --quiet --check .
	@$(VENV)/bin/mypy --no-error-summary
	@$(VENV)/bin/pytest -n $(JOBS) --dist loadfile $(ARGS)

# The locks hold versions and hashes for every platform, and no addresses. The smaller ones never differ from the whole.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)
UV = $(shell command -v uv || echo .uv/bin/uv)

lock: setup
	@$(COMPILE) --all-extras --group dev --group build pyproject.toml -o requirements.lock
	@$(COMPILE) --extra lab --group build -c requirements.lock pyproject.toml -o requirements-lab.lock
	@$(COMPILE) --extra core --group build -c requirements.lock pyproject.toml -o requirements-core.lock
	@$(COMPILE) --group uv pyproject.toml -o requirements-uv.lock
