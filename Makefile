# Everything works over the environment in .venv; a second call installs nothing again.
.DEFAULT_GOAL := help
.PHONY: help run test lint bench docs oracles clean

PY := .venv/bin/python
# Tests and benchmarks never reach for a model hub.
export HF_HUB_OFFLINE := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export TOKENIZERS_PARALLELISM := false
# pytest options, e.g. make test ARGS="tests/stats -k bootstrap"
ARGS ?=

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: ## the main job on the embedded default: offline, no keys, no GPU
	@sh scripts/setup.sh
	@.venv/bin/fauve run

test: ## lint, types, and all tests
	@sh scripts/setup.sh dev,models,api
	@$(MAKE) --no-print-directory lint
	@$(PY) -m pytest -n 2 $(ARGS)

lint: ## format, style, types, import layers
	@sh scripts/setup.sh dev,models,api
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

bench: ## every benchmark; figures belong into docs/benchmarks.md with the command
	@sh scripts/setup.sh dev,models,api
	@for script in benchmarks/*.py; do echo "== $$script"; $(PY) $$script || exit 1; done

oracles: ## run the reference implementations and compare; into .oracles
	@sh scripts/setup.sh dev,models,api
	@sh tests/oracles/environment.sh .oracles/environment
	@sh tests/oracles/scores.sh .oracles/environment .oracles/scores
	@$(PY) -m tests.oracles.compare .oracles/scores --environment .oracles/environment

docs: ## build the documentation into docs/_build
	@sh scripts/setup.sh docs
	@.venv/bin/sphinx-build -q -W -b html docs docs/_build

clean: ## remove the environment and everything that was made
	rm -rf .venv fauve-run fauve-audit docs/_build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
