# make run: start the app. make test: the checks and tests of every day. make test-all: the long ones too, and what no
# test reaches. make install: set up alone. Everything stays inside .venv.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin
# One process a core of two; three with the long tests, which often wait for servers and browsers. A file stays with one
# process, which starts its app and browser once; tests/conftest.py puts the longest files first.
PYTEST = $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder --numprocesses

.PHONY: run test test-all quick all install mutants bench bench-load bench-realworld bench-sheets bench-pages bench-train-speed bench-readme lint audit licenses sbom

run: .venv/installed
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

install: .venv/installed

# The checks of code and types run beside the tests: browser tests leave a core idle now and then.
test: .venv/installed-dev
	$(MAKE) --no-print-directory --jobs 2 lint quick

test-all: .venv/installed-dev
	$(MAKE) --no-print-directory --jobs 2 lint all

quick: .venv/installed-dev
	$(PYTEST) 2 -m "not slow" --durations 10

all: .venv/installed-dev
	$(PYTEST) 3 --durations 20 --cov --cov-report term --cov-fail-under 90

# Puts faults into a copy of the code, one by one, and prints the share that fails a test: some 12 minutes.
mutants: .venv/installed-dev
	$(BIN)/python benchmarks/run.py mutants

lint: .venv/installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

# Measures; needs an idle machine, and more than an hour of it. Each command keeps its figures with their conditions in
# benchmarks/results/, and benchmarks/README.md is rendered from these. Ends with an error where a limit is missed.
bench: .venv/installed-dev
	$(BIN)/python benchmarks/run.py

bench-load: .venv/installed-dev
	$(BIN)/python benchmarks/run.py load

# Sheets, drawn ones alone unless FOLDER names where real photographs lie.
bench-sheets: .venv/installed-dev
	$(BIN)/python benchmarks/$(if $(FOLDER),run.py sheets --folder "$(FOLDER)",sheets.py)

bench-pages: .venv/installed-dev
	$(BIN)/python benchmarks/run.py whole_numbers pages pages_without

# Real pictures are no part of the project: make bench-realworld FOLDER=path/to/them
bench-realworld: .venv/installed-dev
	$(BIN)/python benchmarks/run.py realworld $(if $(FOLDER),--folder "$(FOLDER)")

# Training without the race: two minutes, and nothing is kept.
bench-train-speed: .venv/installed-dev
	$(BIN)/python benchmarks/training.py

# Known holes in packages (asks the internet), the packages' licenses, and all of them as a CycloneDX document.
audit: .venv/installed-dev
	$(BIN)/python deploy/audit.py

licenses: .venv/installed-dev
	$(BIN)/pip-licenses --order license

sbom: .venv/installed-dev
	$(BIN)/cyclonedx-py environment --output-format JSON --output-file sbom.json $(BIN)/python

bench-readme: .venv/installed-dev
	$(BIN)/python benchmarks/render.py

.venv/bin/python:
	$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed; make run PYTHON=python3.11 names one.' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv .venv

# The empty files remember that what the requirements ask for is there; a changed requirement installs again.
.venv/installed: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
