# make lab             install what is missing, open the course       ARGS="--no-browser --port 8890"
# make test            install what is missing, run the whole suite   ARGS="-k shapes"
# make run             run every chapter from clean, print a table    ARGS="00 07" or ARGS="--like-binder"
# make sync            chapters/*.py -> their executed .ipynb         ARGS="--check" or ARGS="--force 01"
# make slides          slides and lesson plans of the chapters        ARGS="00 07"
# make site            the website, slides and plans with it
# make bench           measure how long an epoch takes, way by way   ARGS="--threads 2" or BENCH=recipes
# make bundle          one archive that installs the course without a network, on machines like this
# make constraints     find the newest versions that go together, write constraints.txt and locked/
# make test-long       the long suite
#
# PYTHON is the Python that makes the environment, VENV its folder, TORCH=gpu the build of PyTorch with CUDA,
# BENCH one of benchmarks/: speed, scaling, records, or recipes, which takes an hour.

PYTHON ?= python3
VENV ?= .venv
TORCH ?= cpu
BENCH ?= speed
ARGS ?=
export VENV TORCH

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
# Jupyter wants to be told that being root is meant; in a container it is the usual thing.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
endif

.PHONY: lab test test-long run sync slides site bench bundle constraints
.SILENT:

lab:
	$(PYTHON) tools/install.py lab
	$(BIN)/jupyter lab $(AS_ROOT) --LabApp.default_url=/lab/tree/chapters/00_start_here.ipynb $(ARGS)

test:
	$(PYTHON) tools/install.py test
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-long:
	$(PYTHON) tools/install.py test
	$(BIN)/python -m pytest -m long $(ARGS)

run:
	$(PYTHON) tools/install.py lab
	$(BIN)/python tools/run.py $(ARGS)

sync:
	$(PYTHON) tools/install.py test
	$(BIN)/python tools/sync.py $(ARGS)

slides:
	$(PYTHON) tools/install.py teach
	$(BIN)/python tools/slides.py $(ARGS)

site:
	$(PYTHON) tools/install.py teach
	$(BIN)/python tools/build_site.py

bench:
	$(PYTHON) tools/install.py lab
	$(BIN)/python benchmarks/$(BENCH).py $(ARGS)

bundle:
	$(PYTHON) tools/install.py lab
	$(BIN)/python tools/bundle.py

constraints:
	$(PYTHON) tools/constraints.py
