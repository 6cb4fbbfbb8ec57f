# The two commands of the README. Python 3.11 to 3.13; everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Each process of the tests would compile every file that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: report test test-slow lint types bench bench-statistics lock clean

report: .venv/.ok
	$(BIN)/study run parameters/demo.yaml

# Each worker takes a run of files that stand together, so that what a file needs is made once.
test: .venv/.ok
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal -rfEs

# Coverage and size by simulation and enumeration: minutes, not for every change.
test-slow: .venv/.ok
	$(BIN)/python -m pytest -m slow

lint: .venv/.ok
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.ok
	$(BIN)/mypy

bench: .venv/.ok
	$(BIN)/python tests/benchmarks/bench.py
	$(BIN)/python tests/benchmarks/bench_dicom.py
	$(BIN)/python tests/benchmarks/bench_deidentify.py
	$(BIN)/python -m tests.benchmarks.bench_dicom_scale

bench-statistics: .venv/.ok
	$(BIN)/python tests/benchmarks/bench_statistics.py
	$(BIN)/python tests/benchmarks/bench_mrmc.py

.venv/.ok: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] < (3, 14), "Python 3.11 to 3.13 is needed; say make PYTHON=python3.12"'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

lock: .venv/.ok
	$(BIN)/uv pip compile -q --universal --group dev --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock

clean:
	rm -rf .venv reports
