# Every target works alone, from a fresh clone, with nothing but make and a Python.

VENV := .venv
RUN := $(VENV)/bin/python -m
PIP := --quiet --disable-pip-version-check --no-compile -c constraints.txt
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHONS := python3.13 python3.12 python3.11 python3

# Where it is set, as in many images, each of the hundred processes that the tests begin would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help preview test lint bench bench-delivery worlds clean soak figures simulate mutations crashing chaos

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r name does; do printf '  make %-14s %s\n' "$$name" "$$does"; done

preview: $(VENV)/.ok ## the sample shop: who gets what, when, by which channel, and why not
	@$(RUN) nurture sample
	@$(RUN) nurture preview

test: $(VENV)/.dev ## every test but the long ones; one folder or file: make test ARGS=tests/unit
	@$(RUN) pytest -q -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/.dev ## style, format and types
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy

worlds: $(VENV)/.dev ## the planner against an oracle over many generated worlds: minutes
	@$(RUN) pytest -q -n 2 -m long tests/planning/test_worlds.py $(ARGS)

soak: $(VENV)/.dev ## the other long tests: kills, races, a simulated month
	@$(RUN) pytest -q -n 2 -m long --ignore=tests/planning/test_worlds.py $(ARGS)

figures: $(VENV)/.dev ## the table in docs/reliability.md, of figures/*.json
	@$(RUN) tests.figures

simulate: $(VENV)/.dev ## simulated days of delivery under faults: make simulate ARGS="--seeds 1 50 --days 10 --add"
	@$(RUN) tests.simulation $(or $(ARGS),--seeds 1 11 --days 10)

mutations: $(VENV)/.dev ## each safety rule taken away in turn; the tests must notice
	@$(RUN) tests.mutations $(ARGS)

crashing: $(VENV)/.dev ## killed at each commit and packet, on both databases
	@$(RUN) tests.crashing

chaos: $(VENV)/.dev ## workers under kill -9, pauses and restarts of PostgreSQL: half an hour
	@$(RUN) tests.chaos $(ARGS)

bench: $(VENV)/.dev ## how fast it plans and sends on this machine
	@$(RUN) bench $(ARGS)

bench-delivery: $(VENV)/.dev ## how fast it delivers beside bare senders; needs smtp-sink (Debian: postfix)
	@$(RUN) bench.delivery $(ARGS)

clean: ## removes what make made; never a database
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
	find nurture tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The environment, made once and again when its description changes; with what only developers need it is made in one go.
# Debian splits ensurepip off its Python, and venv then fails half-way, so it is asked for first. PIP_USE_PEP517, as pip
# 23 builds dkimpy the old way, and complains. An environment that works is kept, and its packages are brought up to date.
define environment
@set -e; \
if command -v uv >/dev/null 2>&1; then \
	echo "Making $(VENV) with uv, once ..." >&2; \
	$(VENV)/bin/python -c '$(SUITABLE)' >/dev/null 2>&1 || uv venv --quiet --clear $(VENV); \
	VIRTUAL_ENV=$(VENV) uv pip install --quiet -c constraints.txt -e '$(1)'; \
else \
	if ! $(VENV)/bin/python -c 'import pip; $(SUITABLE)' >/dev/null 2>&1; then \
		for python in $(PYTHONS); do \
			"$$python" -c '$(SUITABLE)' >/dev/null 2>&1 || continue; \
			bare=$$python; \
			"$$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || continue; \
			chosen=$$python; break; \
		done; \
		if [ -z "$$bare" ]; then \
			echo "nurture needs Python 3.11, 3.12 or 3.13, and none of these is one: $(PYTHONS)." >&2; \
			echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13)," >&2; \
			echo "or install uv, which brings its own." >&2; exit 1; \
		fi; \
		if [ -z "$$chosen" ]; then \
			version=$$("$$bare" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
			echo "$$bare can make no virtual environment: its ensurepip module is missing." >&2; \
			echo "Debian, Ubuntu: apt-get install python$$version-venv" >&2; exit 1; \
		fi; \
		echo "Making $(VENV) with $$chosen, once: about half a minute ..." >&2; \
		rm -rf $(VENV); "$$chosen" -m venv $(VENV); \
	fi; \
	PIP_USE_PEP517=1 $(VENV)/bin/python -m pip install $(PIP) -e '$(1)'; \
fi
endef

$(VENV)/.ok: pyproject.toml constraints.txt
	$(call environment,.)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	$(call environment,.[dev])
	@touch $(VENV)/.ok $@
