PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Small enough for every change; what `make gate` runs, and what its baseline was calibrated with.
BASELINE := .ci/synth-a.baseline.json
GATED := --method still --method talkinggaussian --protocol self_reconstruction --size 128 --device cpu \
	--set schedule.static_iterations=200 --set schedule.motion_iterations=500 --set schedule.finetune_iterations=50 \
	--metrics psnr ssim_face lmd aue_l_geometry aue_u_geometry

# Compared by processor time with that of plain torch in the same run.
RATIOS := $(foreach of,yardstick kernels training rendering,benchmarks/test_$(of).py)

PYTEST := $(BIN)/python -m pytest -p no:benchmark --numprocesses 2 --dist worksteal

# Where the paper's experiments go, and changes of them, such as `make paper-tables PAPER_TABLES='--size 128'`.
OUT ?= results
PAPER_TABLES ?=

.PHONY: run test test-slow lint gate paper-tables docs bench clean

run: $(VENV)/.run ## Install, then run the main job.
	$(BIN)/tgbench run --method talkinggaussian --protocol lipsync

test: $(VENV)/.test lint ## Install what the tests need and pass them, all but the longest.
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/.test ## Pass the longest tests.
	$(PYTEST) -m slow

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy tgbench methods protocols reports baselines benchmarks

paper-tables: $(VENV)/.run ## The paper's experiments on built-in people with the quick preset; hours on two cores.
	for name in self-reconstruction lip-synchronization user-study ablation hybrid-motion audio-encoders cross-lingual; do \
		$(BIN)/tgbench experiment $$name --out $(OUT) $(PAPER_TABLES) || exit 1; done
	cat $(OUT)/experiments/*/times.csv

gate: $(VENV)/.run ## Fail where quality is below the committed baseline (docs/gate.md).
	$(BIN)/tgbench run $(GATED) --fresh --out $(VENV)/gate
	$(BIN)/tgbench gate --baseline $(BASELINE) $(VENV)/gate

docs: $(VENV)/.docs ## Build the documentation's site, to open at build/docs/index.html.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(VENV)/.test ## Time kernels, training and rendering; rewrites cpu.md of benchmarks/results; names what got slower.
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-json=benchmarks/results/cpu.json
	$(BIN)/python -m benchmarks.report benchmarks/results/cpu.json benchmarks/results/cpu.md
	$(BIN)/python -m pytest $(RATIOS) -k "not loaded" --benchmark-only \
		--benchmark-timer=time.process_time --benchmark-json=benchmarks/results/ratios-run.json
	$(BIN)/python -m benchmarks.compare benchmarks/results/ratios-run.json

clean:
	rm -rf $(VENV) results build *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing tgbench into $(VENV) (a few minutes the first time)"
	$(INSTALL) --editable ".[face]"
	@touch $@

# SyncNet's package alone: what it requires is not imported, and brings a torchvision that has to
# match torch to the build.
$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing tgbench and its test tools into $(VENV)"
	$(INSTALL) --editable ".[face,test]"
	$(INSTALL) --no-deps syncnet-python
	@touch $@ $(VENV)/.run

$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing what the documentation's site needs into $(VENV)"
	$(INSTALL) --editable ".[docs]"
	@touch $@
