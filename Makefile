# Commands for a checkout. They need Python 3.11+, Node 20+ with npm, git and make; `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
MODULES := js/node_modules/.package-lock.json
FRONT_END := $(wildcard js/src/* js/src/*/* js/build.mjs) js/package-lock.json $(wildcard dari_nb/render/page/*.css)
BUNDLE := dari_nb/widgets/static/live.js

# Two processes more than there are cores, since tests wait a good part of their time. One that dies is a
# failure that ends the run: others would wait for what it was to do.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 2)')

# What `make test` runs: acceptance tests and unit tests. Other tests below tests/ are slow, or belong to a part
# that is about to be rebuilt: `make test-all` runs them, too. All are lists of paths, since the processes of the
# tests know no --ignore.
SLOW := $(addprefix tests/,browser/ test_wheel.py render/matrix/ render/trajectories/ widgets/matrix/ widgets/player/)
FAST := $(addprefix tests/,acceptance/pages/ acceptance/ bundles/ cli/ client/ frames/ magics/ models/ transcript/ \
	resources/agents/ resources/bulk/ resources/connection/ resources/sessions/ resources/tools/ \
	test_contract_table.py test_error_codes.py test_lightness.py test_public_names.py test_reference.py)
# Directories of which some tests are slow.
SPLIT := $(addprefix tests/,render/ scores/ widgets/ resources/)
parts = $(filter-out %__pycache__/,$(wildcard $(foreach directory,$(1),$(directory)*/ $(directory)test_*.py)))
TESTED := $(FAST) $(filter-out $(SLOW) tests/resources/%,$(call parts,$(SPLIT)))
REST := $(SLOW) $(filter-out $(SLOW) $(TESTED) $(SPLIT) tests/benchmarks/,$(call parts,tests/ $(SPLIT)))
# Texts without the words of .ci/vocabulary.txt. CONTRACT.md and FORMAT.md are not rewritten yet.
TEXTS := README.md CHANGELOG.md CONTRIBUTING.md $(wildcard docs/*.md) tests/acceptance/PROMISES.md
RUN_TESTS := $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --max-worker-restart 0

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Else each of the processes of the tests would compile all of them anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo lab docs test test-all rest accept check bench fix pictures programs model

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(READY) $(BUNDLE) model ## run the first notebook, print it, write notebooks/demo.html (RUNS=PATH: other recorded runs)
	@DARI_NB_RUNS="$(RUNS)" $(BIN)/python notebooks/demo.py

lab: $(READY) $(BUNDLE) model ## open the notebooks in JupyterLab
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/jupyter lab notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB)

docs: $(READY) $(BUNDLE) model ## build the documentation into docs/_build/html
	rm -rf docs/lessons && cp -r notebooks docs/lessons
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/sphinx-build -W --keep-going -q docs docs/_build/html

test: $(READY) $(BUNDLE) $(MODULES) programs ## run acceptance and unit tests: six minutes
	$(RUN_TESTS) $(TESTED) $(PYTEST)
	npm --prefix js test

test-all: test rest ## run all tests: those of `make test`, then the slow rest

rest: $(READY) $(BUNDLE) programs
	$(RUN_TESTS) $(REST) $(PYTEST)

accept: $(READY) ## accept what static outputs look like now; review the difference with git
	$(BIN)/python -m pytest -q tests/acceptance/approvals --accept

check: $(READY) $(MODULES) ## check formatting, lint, types, layers of imports, words and commit subjects
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/codespell
	$(BIN)/codespell --dictionary .ci/vocabulary.txt $(TEXTS)
	$(BIN)/python .ci/check_commits.py
	npm --prefix js run check

fix: $(READY) $(MODULES) ## fix what formatters and linters can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm --prefix js run fix

bench: $(READY) $(BUNDLE) programs ## measure beside peers, and end with a table of all targets
	$(BIN)/python tests/benchmarks

pictures: $(READY) $(BUNDLE) programs ## take the pictures of the README anew
	DARI_NB_TAKE_PICTURES=1 $(BIN)/python -m pytest -q tests/browser/test_pictures.py

$(READY): pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dari_nb needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@echo 'Setting up .venv and the front end; this takes a minute or two.'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# The editable install built the bundle; this builds it anew when its sources changed.
$(BUNDLE): $(FRONT_END) $(MODULES) | $(READY)
	npm --prefix js run build
	@touch $@

$(MODULES): js/package-lock.json | $(READY)
	npm --prefix js ci --no-audit --no-fund
	@touch $@

model: $(READY) # a very small language model for the lessons, which go on without it
	@$(BIN)/dari-local model pull smollm2 || true

programs: # what tests and benchmarks run besides Python and Node: a browser, and bubblewrap
	@missing=; \
	command -v bwrap >/dev/null || missing='bubblewrap'; \
	for name in "$$CHROMIUM" chromium chromium-browser google-chrome none; do \
		command -v "$$name" >/dev/null && break; \
	done; \
	[ "$$name" != none ] || missing="$$missing chromium fonts-dejavu-core"; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; \
	else \
		echo "Tests and benchmarks need more programs. On Debian: sudo apt-get install $$missing" >&2; exit 1; \
	fi
