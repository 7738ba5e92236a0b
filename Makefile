# Everything a person needs: `make run` and `make test`. Both set up what is missing.
PYTHON ?= python3
BIN := .venv/bin
# Where it is set, each of the processes that are started compiles all of Waymark anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test check bench bench-peers bench-load drill rolling fuzz loadtest screenshots clean

help:
	@echo "make run     start Waymark on this machine (data in ./data)"
	@echo "make test    run the whole test suite"
	@echo "make check   style, types and dependencies"
	@echo "make bench   measure every budget of the design"
	@echo "make bench-peers  an answer beside nginx, bare ASGI and servers that you name, and docs/performance.md anew"
	@echo "make bench-load   an answer with few and with many connections, and at full load"
	@echo "make loadtest  scanners, dashboards and operators for a minute, and the audit after them"
	@echo "make drill   break everything on purpose, and count the scans"
	@echo "make rolling restart the redirectors under load, and count what failed"
	@echo "make fuzz    ask every operation of every API 5,000 questions, right and wrong ones"
	@echo "make screenshots  take the pictures of docs/pages.md anew (needs Chromium and Node)"
	@echo "make setup   only install what the others need, into .venv"

setup: .venv/.ready

.venv/.ready: requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Waymark needs Python 3.11 or newer: install it, or say which with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Waymark needs Python 3.11 or newer; $(PYTHON) is older. Say which with make PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: setup
	@$(BIN)/waymark up

# Most tests wait for processes, so more run at once than there are cores to run them.
test: setup
	@$(BIN)/python -m pytest -n 4 --dist loadscope --no-loadscope-reorder

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.security.dependencies

bench: setup
	@$(BIN)/python -m bench

# AGAINST=path-or-commit: another tree of Waymark as a further side. PEERS='name="command" …': see docs/bench.md.
bench-peers: setup
	@$(BIN)/python -m bench --only peers --write $(if $(AGAINST),--against '$(AGAINST)')

bench-load: setup
	@$(BIN)/python -m bench --only connections --only full-load --write $(if $(AGAINST),--against '$(AGAINST)')

drill: setup
	@$(BIN)/waymark drill

rolling: setup
	@$(BIN)/python -m drill.rolling

fuzz: setup
	@$(BIN)/python -m tests.security.fuzz

loadtest: setup
	@$(BIN)/python -m loadtest

screenshots: setup
	@$(BIN)/python -m tests.pages.screenshots

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build
