# Everything runs from here: `make demo` shows the whole chain, `make test` runs every check.
# Both create .venv on first use; a second run installs nothing.
.DEFAULT_GOAL := help
.PHONY: help demo test install format lint types contracts tests clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= runs/demo
WORKERS ?= $(shell env -u OMP_NUM_THREADS nproc)

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# The stamps are newer than what was installed from, or are made again.
$(VENV)/demo.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[formal,report,rtl,train]'
	touch $@

# It holds what the demo needs, too.
$(VENV)/test.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all,test]'
	touch $(VENV)/demo.stamp $@

# SCALE-Sim fails with the numpy that we use: it has an environment of its own, without which its tests skip.
SCALESIM := $(abspath $(VENV))/scalesim/bin/python
$(VENV)/scalesim.stamp: $(VENV)/test.stamp
	-$(PYTHON) -m venv $(VENV)/scalesim && $(SCALESIM) -m pip install --no-compile --quiet --disable-pip-version-check scalesim==3.0.0 numpy==2.3.5
	touch $@

install: $(VENV)/demo.stamp ## make .venv and install tilewright with the RTL simulator

demo: $(VENV)/demo.stamp ## the whole chain on the bundled digits, RTL included, and the proof of its array
	$(BIN)/tilewright run configs/digits_w4a4.toml --out $(OUT) --restart
	$(BIN)/tilewright certify $(OUT) --prove --onnx 0
	$(BIN)/tilewright report $(OUT)

test: $(VENV)/test.stamp ## every check, two at a time
	$(MAKE) --no-print-directory --jobs=2 format lint types contracts tests

format: $(VENV)/test.stamp ## is the code formatted?
	$(BIN)/ruff format --check src tests benchmarks examples

lint: $(VENV)/test.stamp ## ruff
	$(BIN)/ruff check src tests benchmarks examples

types: $(VENV)/test.stamp ## mypy, strict
	$(BIN)/mypy

contracts: $(VENV)/test.stamp ## who may import whom
	$(BIN)/lint-imports

tests: $(VENV)/test.stamp $(VENV)/scalesim.stamp ## pytest
	$(SCALESIM) -c 'import scalesim' && export TILEWRIGHT_SCALESIM=$(SCALESIM); \
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

clean: ## remove .venv and runs
	rm -rf $(VENV) runs
