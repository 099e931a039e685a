# Two commands do all set-up: `make demo` runs the main job, `make test` passes the tests.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NEEDLEPLAN := $(BIN)/needleplan

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint soak bench bench-speed bench-segment bench-accuracy bench-viewer bench-coverage bench-receive bench-turnaround bench-load bench-network train train-check clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(VENV)/.python: .ci/python
	sh .ci/python $(PYTHON) $(VENV)
	touch $@

$(VENV)/.product: $(VENV)/.python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.development: $(VENV)/.product
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,viewer]'
	touch $@

demo: $(VENV)/.product ## install, then plan on the sample series and write everything into ./demo
	sh .ci/debian graphics optional
	$(NEEDLEPLAN) demo --out demo

test: $(VENV)/.development lint ## install, then every test but the soak tests
	sh .ci/debian graphics servers
	$(BIN)/pytest -n 2 --dist loadfile -m "not soak"

test-fast: $(VENV)/.development ## the tests that need no server and no minute
	$(BIN)/pytest -n 2 --dist loadfile -m "not soak and not slow and not servers"

lint: $(VENV)/.development ## formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

soak: $(VENV)/.development ## the long tests
	sh .ci/debian graphics servers
	$(BIN)/pytest -m soak

$(VENV)/.benchmarks: $(VENV)/.development
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@

bench: $(VENV)/.product ## folder to all files on one scan: SERIES=... ROOT=L3 SIDE=left
	$(BIN)/python benchmarks/main_job.py $(SERIES) --procedure prt --root $(ROOT) --side $(SIDE)

bench-segment: $(VENV)/.product ## time and memory of the anatomy, 300 slices of 512 x 512; SERIES=... adds a scan
	PYTHONPATH=. $(BIN)/python benchmarks/segmenting.py $(SERIES)

bench-speed: $(VENV)/.benchmarks ## paths a second beside the peers; SERIES=... adds a scan
	$(BIN)/python benchmarks/speed.py $(SERIES)

bench-accuracy: $(VENV)/.product ## the anatomy beside its bars; OPTIONS=--quick runs a few; NEEDLEPLAN_DATA names the scans
	PYTHONPATH=. $(BIN)/python benchmarks/accuracy.py $(OPTIONS)

bench-coverage: $(VENV)/.product ## each procedure on each real scan; OPTIONS="--pictures FOLDER"; NEEDLEPLAN_DATA names the scans
	PYTHONPATH=. $(BIN)/python benchmarks/coverage.py $(OPTIONS)

bench-viewer: $(VENV)/.benchmarks ## the page's answer times beside a plain render: RESULTS=... is what plan --out wrote
	sh .ci/debian graphics servers
	PYTHONPATH=. $(BIN)/python benchmarks/viewer.py $(RESULTS)

bench-receive: $(VENV)/.development ## images a second kept for good, beside Orthanc and storescp; OPTIONS="--slices 100 --rounds 1"
	sh .ci/debian servers
	PYTHONPATH=. $(BIN)/python benchmarks/receive.py $(OPTIONS)

bench-turnaround: $(VENV)/.development ## last image to report in the PACS: SERIES=... ROOT=L3 SIDE=left
	sh .ci/debian graphics servers
	PYTHONPATH=. $(BIN)/python benchmarks/turnaround.py $(SERIES) --root $(ROOT) --side $(SIDE)

bench-load: $(VENV)/.development ## 20 series from 4 senders, three ways to compute them; OPTIONS="--series 4 --workers local-2"
	sh .ci/debian graphics servers
	PYTHONPATH=. $(BIN)/python benchmarks/load.py --out benchmarks/results/load.json $(OPTIONS)

TRAINING := .venv-training
WORK ?= training-work
STEPS ?= 12500

$(TRAINING)/.ready: training/requirements.txt
	sh .ci/python $(PYTHON) $(TRAINING)
	$(TRAINING)/bin/pip install --quiet --disable-pip-version-check -r training/requirements.txt
	touch $@

train: $(TRAINING)/.ready ## make the small network again: NEEDLEPLAN_DATA names the label maps; WORK=folder STEPS=12500
	OMP_NUM_THREADS=1 $(TRAINING)/bin/python -m training.train --data $(NEEDLEPLAN_DATA) --work $(WORK) --steps $(STEPS)
	$(TRAINING)/bin/python -m training.export --work $(WORK) --out $(WORK)/spine.onnx

train-check: $(TRAINING)/.ready ## a few steps twice, the export, the shipped file
	$(TRAINING)/bin/python -m training.check

bench-network: $(VENV)/.product ## the network beside the classical anatomy; SCANS="vertebra_ct"; NEEDLEPLAN_DATA names the scans
	PYTHONPATH=. $(BIN)/python benchmarks/network.py $(SCANS)

clean: ## remove what the commands above made
	rm -rf $(VENV) $(TRAINING) demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache
