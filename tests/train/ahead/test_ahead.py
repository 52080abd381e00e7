"""The steps of the paper's models, compiled for TPUs that aren't here: what they hold and take may not get worse.

Needs libtpu: `make test-ahead`.
"""

import os
import re
import subprocess
import sys

import pytest

from train.ahead.kept import kept_prediction
from train.ahead.prediction import StepPrediction, load

pytestmark = pytest.mark.skipif("TRAIN_AHEAD" not in os.environ, reason="compiling for TPUs: run `make test-ahead`")
POD = "v5e:16x16"
# What was promised: chip-hours for 200B tokens, and GB a chip.
TARGETS = {"470m": (2_900, 14e9), "2.8b": (10_500, 15e9)}


def compiled(*arguments: str) -> str:
    """What the command says; JAX must start anew for it, so it has a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "XLA_"))}
    command = [sys.executable, "-m", "train.ahead", *arguments]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("scale", TARGETS)
def test_what_a_pods_step_holds_and_takes_is_what_is_kept(scale: str, tmp_path) -> None:
    text = tmp_path / "step.txt"
    said = compiled(f"--scale={scale}", f"--topology={POD}", f"--save={tmp_path / 'now.json'}", f"--text={text}")
    now, kept = load(tmp_path / "now.json"), kept_prediction(scale, POD)
    assert kept is not None
    chip_hours, nbytes = TARGETS[scale]
    assert now.chip_hours() <= chip_hours
    assert now.hbm_bytes <= nbytes
    # Nor better: then something is left out, or what is kept is no longer true.
    assert now.chip_hours() == pytest.approx(kept.chip_hours(), rel=0.02)
    assert now.hbm_bytes == pytest.approx(kept.hbm_bytes, rel=0.02)
    assert now.flops == pytest.approx(kept.flops, rel=0.02)
    assert now.settings == kept.settings
    assert f"{now.chip_hours():,.0f} chip-hours" in said
    check_program(now, text.read_text())


def check_program(told: StepPrediction, text: str) -> None:
    """What must hold of the compiled step, whatever it takes."""
    for forbidden in ("infeed", "outfeed", "host_compute", "xla_python_cpu_callback", "xla_ffi_python"):
        assert forbidden not in text, forbidden
    vocabulary, width = told.settings["model"]["vocab_size"], told.settings["model"]["width"]
    chunk = told.settings["model"]["loss_chunk_tokens"]
    held = [int(rows) for rows in re.findall(rf"\w+\[(\d+),{vocabulary}\]", text)]
    assert held
    assert max(held) <= max(chunk, width)
    kinds = {each.kind for each in told.exchanges}
    assert {"all-gather", "reduce-scatter", "all-reduce"} <= kinds
    # Rows never travel: what is gathered are the matrices in bfloat16, each whole, and nothing of another size.
    assert "all-to-all" not in kinds
    hidden = told.settings["model"]["hidden"]
    matrices = {2 * width * columns for columns in (3 * width, width, 2 * hidden, hidden, vocabulary)}
    assert {each.nbytes for each in told.exchanges if each.kind == "all-gather"} == matrices


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--topology=v5e:3x17"], "is no slice that libtpu knows"),
        (
            ["--scale=micro", "--topology=v5e:2x2", "--batch-size=16384"],
            r"the step does not fit a chip of v5e:2x2 \(Ran out of memory on HBM, .*\); give more `--devices\.microb",
        ),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], said: str) -> None:
    done = subprocess.run([sys.executable, "-m", "train.ahead", *words], text=True, capture_output=True, check=False)
    assert done.returncode == 2
    assert re.match(rf"error: .*{said}", done.stderr)
    assert len(done.stderr.splitlines()) == 1
