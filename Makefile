# Two commands do everything on a fresh machine: `make play` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

# Tests start some hundred interpreters: what one has compiled is there for all.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: play test check lint types compiled unit unit-model unit-rest soak setup lock clean \
	recipe-setup stand-in

play: ## the bot, a local Discord and a stand-in model, in your browser
	@$(PYTHON) play.py $(ARGS)

setup: ## tools for tests in .venv
	@$(PYTHON) play.py --setup dev

test: setup ## everything CI runs, in under ten minutes
	@$(PYTHON) tools/ensure_chromium.py
	@$(MAKE) --no-print-directory check

check: lint
	@$(MAKE) --no-print-directory -j2 types compiled
	@$(MAKE) --no-print-directory unit

lint:
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

types:
	@$(BIN)/mypy

# Else each worker would do it for itself, all at once; what is amiss shows when tests run.
compiled:
	@$(BIN)/pytest -qq -p no:cacheprovider --collect-only >/dev/null 2>&1 || true

# Tests with a real model keep a core busy; the others mostly wait: side by side they take half.
unit:
	@$(MAKE) --no-print-directory -j2 unit-model unit-rest

unit-model:
	@$(BIN)/pytest -q -p no:cacheprovider -m "model and not soak"

unit-rest:
	@$(BIN)/pytest -q -n 5 --dist loadfile --no-loadscope-reorder -m "not model and not soak"

soak: setup ## long runs
	@$(BIN)/pytest -q -m soak

recipe-setup: ## tools that train a model in .venv-recipe: torch and what it needs
	@$(PYTHON) play.py --setup recipe

stand-in: setup recipe-setup ## train the stand-in's adapter anew: about an hour on two cores
	@$(BIN)/python -m recipe drill
	@mkdir -p .recipe
	@$(BIN)/python -m recipe dataset recipe/drill/a --labelled 1 --out .recipe/drill-a.jsonl
	@$(BIN)/python -m recipe dataset recipe/drill/b --labelled 1 --out .recipe/drill-b.jsonl
	@$(BIN)/python -m recipe dataset recipe/data --labelled 1 --out .recipe/own.jsonl
	@OMP_NUM_THREADS=1 .venv-recipe/bin/python -m recipe train-stand-in \
		--data drill-a=.recipe/drill-a.jsonl --data drill-b=.recipe/drill-b.jsonl \
		--data own=.recipe/own.jsonl

lock: ## resolve requirements/*.lock anew; needs uv
	@tools/lock.sh

clean:
	rm -rf .venv .venv-recipe .recipe .play .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
