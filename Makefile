# Two commands do everything on a fresh machine: `make play` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: play test check lint types unit unit-model unit-rest soak setup lock clean

play: ## the bot, a local Discord and a stand-in model, in your browser
	@$(PYTHON) play.py $(ARGS)

setup: ## tools for tests in .venv
	@$(PYTHON) play.py --setup dev

test: setup ## everything CI runs, in under ten minutes
	@$(PYTHON) tools/ensure_chromium.py
	@$(MAKE) --no-print-directory check

check: lint types unit

lint:
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

types:
	@$(BIN)/mypy

# Tests with a real model keep a core busy; the others mostly wait: side by side they take half.
unit:
	@$(MAKE) --no-print-directory -j2 unit-model unit-rest

unit-model:
	@$(BIN)/pytest -q -p no:cacheprovider -m "model and not soak"

unit-rest:
	@$(BIN)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder -m "not model and not soak"

soak: setup ## long runs
	@$(BIN)/pytest -q -m soak

lock: ## resolve requirements/*.lock anew; needs uv
	@tools/lock.sh

clean:
	rm -rf .venv .play .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
