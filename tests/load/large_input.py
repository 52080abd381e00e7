"""`python -m train.prepare` on inputs of 100 MB and 1 GB: its memory must not grow with them."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from tests.load.drawing import draw_samples
from tests.load.watching import Watched, ours, watch
from train.corpora.document import read_documents
from train.prepare.recipe import bundled_recipe

SIZES = (100_000_000, 1_000_000_000)
_WORKERS, _LINES_A_DOCUMENT = 2, 80
_RECIPE = """data = "{data}"

[sources.text]
near_duplicates = 0.85

[sources.text.filters]
max_line_length = 2000

[[sources.text.inputs]]
reader = "jsonl"
files = ["documents.jsonl"]
"""


def measure(scratch: Path, out: Path, *, sizes: tuple[int, ...] = SIZES) -> None:
    """Prepare a file of each size with a tokenizer trained on it, print the figures, and draw memory over time."""
    told = []
    for size in sizes:
        watched = _prepare(scratch / f"input-{size}", size)
        told.append(
            f"{size / 1e6:>8,.0f}{watched.peak_mib:>17,.0f}{watched.largest_mib:>19,.0f}{watched.wall_s:>9,.0f}"
        )
        draw_samples(watched.samples, out / f"prepare-{size // 1_000_000}-mb.png")
    print(f"\nprepare --workers {_WORKERS}, a tokenizer of 8,192 words trained on the way, near duplicates dropped")
    print("\n".join([f"{'MB':>8}{'all, peak MiB':>17}{'largest, peak MiB':>19}{'wall s':>9}", *told]))


def _prepare(folder: Path, size: int) -> Watched:
    data = folder / "data"
    data.mkdir(parents=True)
    with (data / "documents.jsonl").open("w") as stream:
        for line in varied_lines(size):
            stream.write(line)
    recipe = folder / "mine.toml"
    recipe.write_text(_RECIPE.format(data=data))
    options = ("--vocab-size=8192", "--context-tokens=1024", f"--workers={_WORKERS}")
    return watch(ours("train.prepare", f"--corpus={recipe}", f"--out={folder / 'out'}", *options), folder / "log.txt")


def varied_lines(size: int) -> Iterator[str]:
    """JSON lines of `size` bytes or a little more: the bundled texts' own lines, drawn anew for each document."""
    corpus = bundled_recipe()[1]
    lines = [
        line
        for source in ("text", "web_code", "markup")
        for document in read_documents(corpus / f"{source}.jsonl.xz")
        for line in document.text.splitlines()
        if line.strip()
    ]
    rng, written = random.Random(0), 0
    while written < size:
        text = "\n".join(rng.choices(lines, k=rng.randint(1, 2 * _LINES_A_DOCUMENT)))
        line = json.dumps({"text": text}) + "\n"
        written += len(line)
        yield line
