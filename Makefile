# Everything runs in .venv, made from requirements.lock with uv where it is installed and venv + pip where not.
PYTHON ?= python3
RUN := .venv/bin/python

.PHONY: setup demo test test-torch test-cluster test-ahead libtpu torture load bench bench-feed bench-torch bench-mixers bench-prepare bench-eval desk lock clean

setup: .venv/.ready

.venv/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is missing or older than Python 3.11; name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "making .venv from requirements.lock"
	@if command -v uv > /dev/null; then \
	  uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv && \
	  uv pip install --quiet --python $(RUN) -r requirements.lock; \
	else \
	  $(PYTHON) -m venv .venv && $(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.lock; \
	fi
	@touch $@

demo: setup
	$(RUN) -m train --exp experiments/code25.py --resume
	$(RUN) -m eval --run runs/code25-nano-seed0 --suite nano
	$(RUN) -m figures curves --runs runs/code25-nano-seed0
	@echo
	@echo "The figure:  figures/out/code25-nano-seed0-curves.png (and .svg)"
	@echo "The results: runs/code25-nano-seed0/results.jsonl (measurements), metrics.jsonl (every step), plan.json"
	@echo "Made by, inside the environment (. .venv/bin/activate):"
	@echo "  python -m train --exp experiments/code25.py --resume"
	@echo "  python -m eval --run runs/code25-nano-seed0 --suite nano"
	@echo "  python -m figures curves --runs runs/code25-nano-seed0"

test: setup
	$(RUN) -m pytest -n 2 --dist loadfile

# torch lies beside the environment, so that everything else is tested without it. On Linux, PyTorch's own index for
# processors has the build that is not gigabytes of CUDA: name it to pip with PIP_EXTRA_INDEX_URL.
TORCH := .venv/torch-door

test-torch: $(TORCH)/.ready
	MIXSCHED_TORCH=1 PYTHONPATH=$(TORCH) $(RUN) -m pytest tests/mixsched/test_torch_door.py \
	  tests/mixsched/test_readme_mixsched.py tests/train/test_bench_torch.py

$(TORCH)/.ready: .venv/.ready
	@$(RUN) -m pip --version > /dev/null 2>&1 || $(RUN) -m ensurepip > /dev/null
	@rm -rf $(TORCH)
	$(RUN) -m pip install --quiet --disable-pip-version-check --target $(TORCH) torch==2.13.0 torchdata
	@touch $@

# Ray lies beside the environment too, with the versions that are locked where they share one.
CLUSTER := .venv/cluster

test-cluster: $(CLUSTER)/.ready
	TRAIN_CLUSTER=1 PYTHONPATH=$(CLUSTER) $(RUN) -m pytest tests/train/prepare/test_ray.py tests/experiments/test_ray.py

$(CLUSTER)/.ready: .venv/.ready
	@$(RUN) -m pip --version > /dev/null 2>&1 || $(RUN) -m ensurepip > /dev/null
	@rm -rf $(CLUSTER)
	$(RUN) -m pip install --quiet --disable-pip-version-check --target $(CLUSTER) --constraint requirements.lock ray==2.60.0
	@touch $@

# The compiler of TPUs, for `python -m train.ahead`; beside the environment, where JAX would look for a TPU with it.
AHEAD := .venv/ahead

libtpu: $(AHEAD)/.ready

$(AHEAD)/.ready: .venv/.ready
	@$(RUN) -m pip --version > /dev/null 2>&1 || $(RUN) -m ensurepip > /dev/null
	@rm -rf $(AHEAD)
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --target $(AHEAD) libtpu==0.0.42.1
	@touch $@

test-ahead: $(AHEAD)/.ready
	TRAIN_AHEAD=1 $(RUN) -m pytest -n 2 tests/train/ahead

# Commands killed at random moments and given again: what comes out, and a table of it.
torture: setup
	$(RUN) -m tests.torture --table torture.md

# Long runs, many sources, large input: memory, files and seconds, drawn in load/.
load: setup
	$(RUN) -m tests.load

bench: setup
	$(RUN) -m train.bench

# One host's rows from shards to devices, beside what its chips eat.
bench-feed: setup
	$(RUN) -m train.bench.feed

# Optimizer steps beside the same model in PyTorch, eager and compiled.
bench-torch: $(TORCH)/.ready
	PYTHONPATH=$(TORCH) $(RUN) -m train.bench.pytorch

# From documents to shards, beside SentencePiece alone.
bench-prepare: setup
	$(RUN) -m train.prepare.bench

# Scoring and generation beside plain loops, and programs in their sandboxes.
bench-eval: setup
	$(RUN) -m eval.bench

# A corpus of hundreds of megabytes from public packages: gathered and prepared.
desk: setup
	$(RUN) -m train.corpora.desk
	$(RUN) -m train.prepare --corpus desk

# mixsched beside other mixers and their published rules: a table and a figure in bench/.
bench-mixers: setup
	$(RUN) -m mixsched.bench

# Versions for every supported Python in one file; needs uv.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --group research --group benchmarks --group dev \
	  --no-emit-index-url --no-header --no-annotate --quiet --upgrade --output-file requirements.lock

clean:
	rm -rf .venv runs shards figures/out
