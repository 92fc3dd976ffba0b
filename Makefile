# make run: start the app. make test: all tests. make install: set up alone. Everything stays inside .venv.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test install bench bench-realworld bench-pages bench-train-speed lint

run: .venv/installed
	$(BIN)/python -m streamlit run Home.py --server.port $(PORT)

install: .venv/installed

test: .venv/installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --durations 15

lint: .venv/installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

# Measures; needs an idle machine. benchmarks/README.md keeps the figures with their conditions.
bench: .venv/installed-dev
	$(BIN)/python benchmarks/predict.py
	$(BIN)/python benchmarks/train_page.py
	$(BIN)/python benchmarks/training.py --race
	$(BIN)/python benchmarks/evaluate.py
	$(BIN)/python benchmarks/fine_tuning.py

bench-train-speed: .venv/installed
	$(BIN)/python benchmarks/training.py

# Real pictures are no part of the project: make bench-realworld FOLDER=path/to/them
bench-realworld: .venv/installed
	$(BIN)/python benchmarks/realworld.py $(if $(FOLDER),--folder "$(FOLDER)")

bench-pages: .venv/installed
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/pages.py --without --count 50
	$(BIN)/python benchmarks/whole_numbers.py

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
