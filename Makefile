# Two commands do everything on a fresh machine with Python 3.11 to 3.13 and make:
#   make repro    set up, then run the pipeline
#   make test     set up, then run the tests
PYTHON ?= python3
REQUIREMENTS ?= $(if $(shell command -v nvidia-smi),gpu,cpu)
VENV := .venv
STAMP := $(VENV)/installed-$(REQUIREMENTS)
PODIUM_JOBS ?= $(if $(shell command -v nvidia-smi),1,2)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONPATH := src

.PHONY: help setup repro test lint bench full laptop plan lock clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) ## build .venv from the pinned, hash-checked requirements (gpu where nvidia-smi is found)

$(STAMP): requirements/$(REQUIREMENTS).txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "error: Python 3.11, 3.12 or 3.13 is needed, $(PYTHON) is `$(PYTHON) --version`"; \
	    echo "remedy: make setup PYTHON=python3.12"; exit 3; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --disable-pip-version-check --quiet --require-hashes -r requirements/$(REQUIREMENTS).txt
	$(VENV)/bin/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

repro: setup ## run the pipeline: raw or stand-in files to checked submissions
	@podium doctor --quick --fix | grep -v -E '^(ok|note)' || true
	podium repro --jobs $(PODIUM_JOBS)
	@podium results

test: setup ## run the tests
	OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: setup ## ruff, mypy and the other pre-commit hooks
	pre-commit run --all-files

bench: setup ## side-by-side timings, written to benchmarks/
	python benchmarks/extraction.py
	python benchmarks/captcha_rendering.py --out benchmarks/captcha_rendering.json
	python benchmarks/captcha_reading.py --out benchmarks/captcha_reading.json
	python benchmarks/equation_lines.py --out benchmarks/equation_lines.json
	python benchmarks/equation_reading.py --out benchmarks/equation_reading.json
	python benchmarks/tiling.py --out benchmarks/tiling.json
	python benchmarks/network_training.py --out benchmarks/network_training.json
	python benchmarks/segmenting.py --out benchmarks/segmenting.json
	python benchmarks/commands.py --out benchmarks/commands.json
	python benchmarks/selection.py --out benchmarks/selection.json
	python benchmarks/honesty.py --out benchmarks/honesty.json
	python benchmarks/table.py

full: setup ## write the competitions' full-size settings into params.yaml and show the diff
	podium profile full

laptop: setup ## write the settings of a fresh clone into params.yaml and show the diff
	podium profile laptop

plan: setup ## what full size will take: pictures, epochs, disk, memory, hours
	podium plan full

lock: ## renew requirements/*.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/cpu.txt
	uv pip compile pyproject.toml --extra dev --extra gpu --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/gpu.txt
	uv pip compile requirements/kaggle.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/cpu.txt -o requirements/kaggle.txt
	uv pip compile requirements/remotes.in --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/cpu.txt -o requirements/remotes.txt
	uv pip compile requirements/hub.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/cpu.txt -o requirements/hub.txt
	uv pip compile requirements/ray.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/cpu.txt -o requirements/ray.txt
	uv pip compile requirements/export.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/cpu.txt -o requirements/export.txt

clean: ## remove .venv and caches; results stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
