# Needs CPython 3.11 or newer, git, make, a C and, for AlfWorld, a C++ compiler. All else goes into .venv.
#   make test PYTHON=python3.13 VENV=.venv-3.13 ARGS='-k parser'

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
JOBS ?= 2
EXTRAS := test,bitmaps,shell,sql,memory,postgres,models,experiments,serve,agents,pydantic-ai,mcp,langchain,inspect,agentdojo,docs

BIN := $(VENV)/bin
READY := $(VENV)/.ready-test
READY_ALFWORLD := $(VENV)/.ready-alfworld
READY_BENCH := $(VENV)/.ready-bench
READY_MUTATION := $(VENV)/.ready-mutation
READY_DOCS := $(VENV)-docs/.ready
HAS_ALFWORLD := $(BIN)/python -c 'from importlib.util import find_spec as f; exit(not f("alfworld"))'
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# What `make quick` runs, and where: the folders are named, so that no other is even imported.
QUICK := -m 'not slow and not heavy and not process and not bench' --hypothesis-profile=quick \
  $(addprefix tests/,language analysis engine checker guard testing memory models agent) \
  $(addprefix tests/test_,house.py kitchen.py odd_input.py)
# Tests that share a costly fixture name one group, and one worker takes the whole group.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help demo kitchen test quick fuzz lint format bench mutation docs hooks test-lowest build clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY_ALFWORLD) ## watch an agent fail in AlfWorld, learn rules, and keep to them
	@if $(HAS_ALFWORLD); then $(BIN)/python -m mpr_logic.envs.alfworld.demo; \
	else $(BIN)/python -m mpr_logic.envs.kitchen; fi

kitchen: $(READY) ## walk through a small kitchen: rules, a proof, a repair
	@$(BIN)/python -m mpr_logic.envs.kitchen

test: lint $(READY_ALFWORLD) ## lint, type check and test
	$(PYTEST) -m 'not bench' $(ARGS)

# Left out are the command line, the adapters, the worlds, the experiments, the pages' examples, the cases and
# programs from elsewhere, and whatever starts a process or a server or takes a second; few examples are generated.
quick: $(READY) ## unit tests, in a minute or so on two cores: no command line, adapters, worlds or pages, no process or server
	MPR_FUZZ=6 $(PYTEST) $(QUICK) $(ARGS)

# `make test` draws the same examples each time, these are others in each run.
fuzz: $(READY_ALFWORLD) ## the tests of generated input, with new and more examples: ARGS='tests/memory', MPR_FUZZ=2000
	$(PYTEST) -m 'hypothesis and not bench' --hypothesis-profile=fuzz $(ARGS)

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## format the Python code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY_BENCH) ## measure against the peers that are installed
	$(BIN)/python -m tests.bench $(ARGS)

mutation: $(READY_MUTATION) ## put slips into what decides, and see which no test finds: ARGS='--slips 20 --seed 3'
	$(BIN)/python -m tests.mutation $(ARGS)

docs: $(READY_DOCS) ## the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/python -m mkdocs build --strict $(ARGS)

hooks: $(READY) ## hold mpr hook against the coding agents themselves: needs npm, and 1.3 GB for a while
	$(BIN)/python -m tests.live_hooks $(ARGS)

# Every direct dependency, those of the extras too, as old as pyproject.toml lets it be and the others can stand;
# then the extras that others hold up, by themselves. The newest versions are what `make test` takes.
LOWEST := $(VENV)-lowest
OLDEST := $(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct
TEST_LOWEST := $(LOWEST)/bin/python -m pytest -n $(JOBS) --dist loadgroup -W 'default::DeprecationWarning' -W 'default::ImportWarning'
test-lowest: ## test with the oldest supported dependencies
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(OLDEST) -e '.[$(EXTRAS)]'
	$(TEST_LOWEST) -m 'not bench and not slow' $(ARGS)
	$(OLDEST) --reinstall -e '.[test,bitmaps,shell,memory,models,experiments,serve,otel]'
	$(TEST_LOWEST) -m 'not bench' tests/guard tests/integrations tests/models tests/memory tests/cli $(ARGS)

build: $(READY) ## sdist and wheel into dist/
	$(BIN)/python -m build --no-isolation

clean: ## remove what the targets above have made
	rm -rf $(VENV) $(VENV)-docs $(VENV)-lowest site dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -e '.[$(EXTRAS)]'
	@touch $@

# AlfWorld's planner is compiled, by a build that calls a command named python.
$(READY_ALFWORLD): $(READY)
	@if command -v c++ >/dev/null; then \
	  echo 'installing AlfWorld: its planner is compiled, which takes two to three minutes, once'; \
	  PATH="$(abspath $(BIN)):$$PATH" $(PIP_INSTALL) -e '.[$(EXTRAS),alfworld]' && touch $@; \
	else \
	  echo 'there is no C++ compiler (Debian: apt-get install g++): AlfWorld and its tests are left out'; \
	fi

$(READY_BENCH): $(READY)
	$(PIP_INSTALL) -e '.[bench]'
	@touch $@

$(READY_MUTATION): $(READY)
	$(PIP_INSTALL) -e '.[mutation]'
	@touch $@

$(READY_DOCS): pyproject.toml
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@
