"""Strict JAX on eight CPU devices for every test, Hypothesis profiles, and what tests of commands share: a tiny run."""

import os
import tempfile

# What many tests compile alike, most of them in processes of their own, is compiled once a session, by whichever of its
# workers (pytest-xdist) comes to it first.
os.environ["TESTS_COMPILED"] = os.environ.get("TESTS_COMPILED") or tempfile.mkdtemp(prefix="compiled-")
os.environ["JAX_COMPILATION_CACHE_DIR"] = os.environ["TESTS_COMPILED"]
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.2"
# Before JAX is imported: afterwards the number of devices is settled.
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["JAX_PLATFORMS"] = "cpu"

import atexit
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis
import jax
import pytest
from launch import one_device

from eval.rundir import RunFolder
from mixsched import cli
from tests.load.tiny import BATCH_SIZE, CONTEXT_TOKENS, PAPER_TOKENS, TINY, VOCAB_SIZE, tiny_corpus

if "PYTEST_XDIST_WORKER" not in os.environ:
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)
jax.config.update("jax_numpy_rank_promotion", "raise")

# A busy machine makes slow examples; that is no fault of the test. HYPOTHESIS_PROFILE=thorough takes 1,000 of them.
PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("quick", max_examples=60, **PATIENT)
hypothesis.settings.register_profile("thorough", max_examples=1_000, **PATIENT)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first short documents of three bundled sources, as JSONL."""
    return tiny_corpus(tmp_path_factory.mktemp("corpus") / "documents")


@pytest.fixture(scope="session")
def shards(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus, prepared. Tests that damage shards copy them first."""
    from preparing import prepared

    return prepared(corpus, tmp_path_factory.mktemp("shards") / "tiny", vocab_size=VOCAB_SIZE)


@pytest.fixture(scope="session")
def tiny_arguments(shards: Path) -> Callable[[Path], list[str]]:
    """Makes the arguments of `python -m train` for 32 steps of a very small model, by the folder of its runs."""
    paper_tokens_per_token = -(-PAPER_TOKENS // (32 * BATCH_SIZE * CONTEXT_TOKENS))

    def arguments(runs: Path) -> list[str]:
        return [
            "--exp=experiments/code25.py",
            f"--shards={shards}",
            f"--runs={runs}",
            f"--paper-tokens-per-token={paper_tokens_per_token}",
            "--eval-every-steps=16",
            "--checkpoint-every-steps=16",
            *TINY,
        ]

    return arguments


@pytest.fixture(scope="session")
def finished_run(tiny_arguments: Callable[[Path], list[str]], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The run of the tiny arguments, trained to its end by the real command; tests that change it copy it first."""
    runs = tmp_path_factory.mktemp("finished") / "runs"
    command = [sys.executable, "-m", "train", *tiny_arguments(runs)]
    done = subprocess.run(command, env=one_device(), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return RunFolder(runs / "code25-nano-seed0")


@pytest.fixture
def refused(monkeypatch, capsys):
    """Run a command line in this process and return the sentence with which it refuses."""

    def run(command: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [command, *arguments])
        main = importlib.import_module(f"{command}.__main__").main
        with pytest.raises(SystemExit) as stop:
            cli.run(main)
        errors = capsys.readouterr().err
        assert stop.value.code == 2, errors
        assert "Traceback" not in errors
        return re.sub(r"[\s│]+", " ", errors)

    return run
