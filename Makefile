# Every target makes the virtual environment it needs; see requirements/install.sh.
VENV := .venv
BENCH := .venv-bench
TRAIN := .venv-train
BIN := $(VENV)/bin
PINNED := pyproject.toml requirements/no-deps.txt requirements/install.sh
# One more than cores: tests wait for servers.
WORKERS = -n $$($(BIN)/python -c "import os; print(min(8, 1 + (os.cpu_count() or 1)))") --dist loadfile
PEER := uv pip compile --quiet --no-header --no-annotate --python-version 3.11
COMPILE := $(PEER) pyproject.toml

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help quickstart mini mini-report test test-slow test-train test-ranks test-mini setup check docs bench bench-train pins

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

quickstart: $(VENV)/base.installed ## Run the sample recipe and report on it, then the whole recipe in miniature
	$(BIN)/datagen run recipes/quickstart.yaml --runs runs
	$(BIN)/datagen report runs/quickstart --out runs/quickstart/report
	$(MAKE) --no-print-directory mini SIZE=tiny

test: $(VENV)/dev.installed ## Run the tests
	$(BIN)/python -m filters.comet.environment
	$(BIN)/pytest $(WORKERS)

test-slow: $(VENV)/dev.installed ## Run the tests that take long
	$(BIN)/pytest -m slow $(WORKERS)

test-train: $(TRAIN)/train-test.installed ## Run the tests of what needs torch and transformers
	OMP_NUM_THREADS=1 $(TRAIN)/bin/pytest -n auto --maxprocesses 4 --dist loadfile tests/train tests/datagen/engines tests/filters/torch_models tests/integration/test_transformers_serve.py \
		tests/integration/test_scored_corpus.py tests/integration/test_evals_model.py \
		tests/integration/test_training.py tests/integration/test_grpo.py

test-ranks: $(TRAIN)/train-test.installed ## Train with two processes, and compare with one
	$(TRAIN)/bin/pytest -m slow tests/integration/test_training_ranks.py tests/integration/test_grpo.py

test-mini: $(TRAIN)/train-test.installed ## Kill the miniature in each of its commands (ten minutes)
	$(TRAIN)/bin/pytest -m slow tests/integration/test_mini.py

mini: $(TRAIN)/train-test.installed ## Run the whole recipe in miniature (SIZE=tiny or full, SEED=3)
	BIN=$(TRAIN)/bin recipes/mini/run.sh

mini-report: $(TRAIN)/train-test.installed ## Run the miniature with three seeds and write docs/reports/mini.md
	# Models so small train faster side by side, on a core each, than one after another. The last has the machine alone.
	printf '3\n4\n' | OMP_NUM_THREADS=1 SIZE=full BIN=$(TRAIN)/bin xargs -P 2 -I {} env SEED={} recipes/mini/run.sh
	SIZE=full SEED=5 BIN=$(TRAIN)/bin recipes/mini/run.sh
	$(TRAIN)/bin/python recipes/mini/report.py --mini runs/mini-full-3 runs/mini-full-4 runs/mini-full-5 --side-by-side --out docs/reports/mini.md

setup: $(VENV)/dev.installed ## Make .venv with everything needed to work on the project

check: $(VENV)/dev.installed ## Lint, format, types, layers, dependencies, docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict corpus filters datagen evals train
	MYPYPATH=recipes/mini $(BIN)/mypy --strict --explicit-package-bases recipes/mini
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(MAKE) --no-print-directory docs

docs: $(VENV)/dev.installed ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(BENCH)/bench.installed .venv-curator/peer.installed .venv-distilabel/peer.installed ## Measure speed and memory (tests/benchmarks); ONLY=name for some
	$(BENCH)/bin/pytest -m bench -s --timeout 0 $(if $(ONLY),-k "$(ONLY)") tests/benchmarks

bench-train: $(TRAIN)/train-test.installed ## Measure what needs torch: trainers beside TRL, evaluation beside generation; ONLY=name
	$(TRAIN)/bin/pytest -m bench -s --timeout 0 $(if $(ONLY),-k "$(ONLY)") tests/benchmarks/test_train_speed.py tests/benchmarks/test_evals_run_speed.py

# What is pinned stays while it fits pyproject.toml; delete a line to let it move. torch's own CUDA packages stay out of
# train.txt: the torch wheel that a machine takes names them itself, or none.
pins: ## Resolve requirements/*.txt anew, with uv
	$(COMPILE) -o requirements/base.txt
	$(COMPILE) -o requirements/dev.txt -c requirements/base.txt --extra dev --extra docs
	$(COMPILE) -o requirements/bench.txt -c requirements/dev.txt --extra dev --group bench
	$(COMPILE) -o requirements/train.txt -c requirements/base.txt --extra train
	sed -i -E '/^(cuda|nvidia|triton)/d; s/\+cpu$$//' requirements/train.txt
	$(COMPILE) -o requirements/train-test.txt -c requirements/train.txt -c requirements/dev.txt --extra train --extra dev --group serve
	sed -i -E '/^(cuda|nvidia|triton)/d; s/\+cpu$$//' requirements/train-test.txt
	$(COMPILE) -o requirements/train-vllm.txt --extra train --extra vllm
	$(PEER) -o requirements/peer-curator.txt --group peer-curator
	$(PEER) -o requirements/peer-distilabel.txt --group peer-distilabel
	uv pip compile --quiet --python-version 3.12 requirements/dev.txt requirements/bench.txt >/dev/null

$(VENV)/base.installed: $(PINNED) requirements/base.txt
	@requirements/install.sh $(VENV) base

$(VENV)/dev.installed: $(PINNED) requirements/dev.txt
	@requirements/install.sh $(VENV) dev

$(BENCH)/bench.installed: $(PINNED) requirements/bench.txt
	@requirements/install.sh $(BENCH) bench

$(TRAIN)/train-test.installed: $(PINNED) requirements/train-test.txt
	@requirements/install.sh $(TRAIN) train-test

.venv-%/peer.installed: requirements/peer-%.txt | $(BENCH)/bench.installed
	@echo "Installing $$(grep -c == $<) packages from $<: a peer that benchmarks compare with"
	$(BENCH)/bin/python -m venv --clear .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
