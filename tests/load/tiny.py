"""The tiny model and the small shards that the measurements train, by the real commands."""

from collections.abc import Mapping
from pathlib import Path

from tests.load.watching import ours, watch

BATCH_SIZE, CONTEXT_TOKENS, VOCAB_SIZE = 8, 32, 640
TINY = (
    f"--batch-size={BATCH_SIZE}",
    "--heldout-rows=8",
    "--optimizer.peak-lr=0.004",
    f"--model.vocab-size={VOCAB_SIZE}",
    f"--model.context-tokens={CONTEXT_TOKENS}",
    "--model.width=32",
    "--model.layers=2",
    "--model.heads=2",
    "--model.hidden=64",
)
_PAPER_TOKENS = 200_000_000_000


def small_shards(folder: Path) -> Path:
    """The bundled corpus, prepared for the tiny model; made once a folder."""
    shards = folder / "shards"
    sizes = (f"--vocab-size={VOCAB_SIZE}", f"--context-tokens={CONTEXT_TOKENS}")
    watch(ours("train.prepare", f"--out={shards}", *sizes), folder / "log" / "shards.txt")
    return shards


def training(
    shards: Path,
    runs: Path,
    *,
    steps: int,
    exp: str = "experiments/code25.py",
    options: Mapping[str, object] | None = None,
) -> list[str]:
    """The command that trains the tiny model for so many steps; `options`, named without dashes, win."""
    paper_tokens_per_token = -(-_PAPER_TOKENS // (steps * BATCH_SIZE * CONTEXT_TOKENS))
    return ours(
        "train",
        f"--exp={exp}",
        f"--shards={shards}",
        f"--runs={runs}",
        *TINY,
        f"--paper-tokens-per-token={paper_tokens_per_token}",
        *(f"--{name}={value}" for name, value in (options or {}).items()),
    )
