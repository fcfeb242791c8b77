# Every command sets up what it needs first. See README.md.

PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.11

.PHONY: setup demo test test-all check bench clean

setup: .venv/ready

# Bytecode is compiled here once: without it every start pays for it, where Python may write none.
.venv/ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Health Code needs Python 3.11 or newer; name it with PYTHON=... / 需要 Python 3.11 或更新版本" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=$(UV_VERSION),<1'
	@$(BIN)/uv sync --quiet --locked --compile-bytecode
	@touch $@

demo: setup
	@$(BIN)/healthcode demo

test: setup
	@$(BIN)/pytest -q -m 'not slow' -n 2 --dist loadfile

# Spark is large, and only these tests want it; it needs Java 17.
test-all: setup
	@$(BIN)/uv sync --quiet --locked --extra spark
	@$(BIN)/pytest -q -n 2 --dist loadfile

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Say `make bench PEOPLE=13866009` for a whole city, and `ARGS=--json` for one object on stdout.
PEOPLE ?= 1000000
ARGS ?=

bench: setup
	@$(BIN)/python -m bench all --people $(PEOPLE) $(ARGS)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .bench
