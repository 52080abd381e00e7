"""The tiny model, corpus and shards that tests, campaigns and measurements train, by the real commands."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path

from tests.load.watching import ours, watch

BATCH_SIZE, CONTEXT_TOKENS, VOCAB_SIZE = 8, 32, 640
DOCUMENTS_A_SOURCE = 60
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
PAPER_TOKENS = 200_000_000_000


def tiny_corpus(folder: Path) -> Path:
    """The first short documents of three bundled sources, as JSON lines in the new `folder`."""
    from train.corpora.document import FIELD_NAMES, read_documents
    from train.prepare.recipe import bundled_recipe

    folder.mkdir(parents=True)
    for source in ("text", "web_code", "markup"):
        documents = read_documents(bundled_recipe()[1] / f"{source}.jsonl.xz")
        chosen = itertools.islice((each for each in documents if len(each.text) < 8_000), DOCUMENTS_A_SOURCE)
        lines = (json.dumps({name: getattr(each, name) for name in FIELD_NAMES}) + "\n" for each in chosen)
        (folder / f"{source}.jsonl").write_text("".join(lines))
    return folder


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
    paper_tokens_per_token = -(-PAPER_TOKENS // (steps * BATCH_SIZE * CONTEXT_TOKENS))
    return ours(
        "train",
        f"--exp={exp}",
        f"--shards={shards}",
        f"--runs={runs}",
        *TINY,
        f"--paper-tokens-per-token={paper_tokens_per_token}",
        *(f"--{name}={value}" for name, value in (options or {}).items()),
    )
