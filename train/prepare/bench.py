"""`make bench-prepare`: tokens a second from documents to shards, beside SentencePiece alone on the same documents."""

import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mixsched import cli
from mixsched.shards import read_manifest
from train.corpora.document import Document, read_documents
from train.prepare.corpus import Wanted, prepare
from train.prepare.recipe import bundled_recipe, parse_recipe
from train.prepare.tokenizer import load_tokenizer, train_tokenizer
from train.prepare.workers.local import LocalWorkers

COPIES = 8
# Words that differ between the copies of a document: enough that none is a near duplicate of another.
_CHANGED_SHARE = 0.2
_VOCAB_SIZE, _CONTEXT_TOKENS = 8_192, 1_024
_SOURCES = ("text", "web_code", "markup")
_FILTERS = {"max_line_length": 2_000, "min_alphanumeric_share": 0.2, "drop_generated": True}


def main() -> None:
    """Print the figures side by side; each is measured in this run."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        texts = _write_corpus(folder)
        model = folder / "tokenizer.model"
        model.write_bytes(train_tokenizer(texts[:3_000], vocab_size=_VOCAB_SIZE))
        size = sum(len(text.encode()) for text in texts)
        print(f"{len(texts):,} documents, {size / 1e6:,.1f} MB, a vocabulary of {_VOCAB_SIZE:,}\n")
        print(f"{'':<28}{'tokens/s':>12}{'MB/s':>8}{'wall s':>9}{'CPU s':>9}")
        alone, alone_cpu = _show("SentencePiece alone", size, lambda: _encode(texts, model))
        one, one_cpu = _show("prepare, 1 worker", size, lambda: _prepare(folder, model, 1))
        two, _ = _show("prepare, 2 workers", size, lambda: _prepare(folder, model, 2))
        again, _ = _show("SentencePiece alone, again", size, lambda: _encode(texts, model))
        print(f"\n1 worker has {one / max(alone, again):.0%} of the tokens a second of SentencePiece alone,")
        print(f"{one_cpu / alone_cpu:.0%} for the same processor time, in which others on this machine do not count")
        print(f"2 workers have {two / one:.2f} times the tokens a second of 1")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak memory of a worker: {peak:,.0f} MiB")


def _write_corpus(folder: Path) -> list[str]:
    """Several variants of every bundled document as plain JSON lines; returns the texts."""
    data, texts = bundled_recipe()[1], []
    for source in _SOURCES:
        with (folder / f"{source}.jsonl").open("w") as stream:
            for document in read_documents(data / f"{source}.jsonl.xz"):
                for text in _variants(document):
                    stream.write(json.dumps({"text": text}) + "\n")
                    texts.append(text)
    return texts


def _variants(document: Document) -> Iterator[str]:
    words = document.text.split(" ")
    for copy in range(COPIES):
        rng = np.random.default_rng(random.Random(f"{document.origin}/{copy}").getrandbits(64))
        others = rng.integers(0, len(words), len(words))
        changed = rng.random(len(words)) < _CHANGED_SHARE
        yield " ".join(
            words[other] if change else word for word, other, change in zip(words, others, changed, strict=True)
        )


def _timed(work: Callable[[], int]) -> tuple[int, float, float]:
    """Tokens, seconds on the wall, and seconds that processors were busy, those of workers included."""
    began_s, began_cpu_s = time.perf_counter(), _cpu_s()
    tokens = work()
    return tokens, time.perf_counter() - began_s, _cpu_s() - began_cpu_s


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _encode(texts: list[str], model: Path) -> int:
    """Encode one document after the other; returns the tokens."""
    processor = load_tokenizer(model)
    return sum(len(processor.encode(text)) for text in texts)


def _prepare(folder: Path, model: Path, workers: int) -> int:
    """All of it from documents to checksummed shards, but for training the tokenizer; returns the tokens."""
    inputs = {name: [{"reader": "jsonl", "files": [f"{name}.jsonl"]}] for name in _SOURCES}
    sources = {name: {"inputs": each, "filters": _FILTERS, "near_duplicates": 0.85} for name, each in inputs.items()}
    recipe = parse_recipe({"sources": sources}, where="the benchmark's recipe")
    wanted = Wanted(context_tokens=_CONTEXT_TOKENS, vocab_size=_VOCAB_SIZE, tokenizer=model)
    out = folder / f"out-{workers}"
    prepare(recipe, folder, out, wanted, workers=LocalWorkers(workers), say=lambda _: None)
    return sum(read_manifest(path.parent).tokens for path in out.rglob("manifest.json"))


def _show(name: str, size: int, work: Callable[[], int]) -> tuple[float, float]:
    """Print what some work takes; returns tokens a second, and tokens a second of a busy processor."""
    tokens, wall_s, cpu_s = _timed(work)
    print(f"{name:<28}{tokens / wall_s:>12,.0f}{size / 1e6 / wall_s:>8.2f}{wall_s:>9.1f}{cpu_s:>9.1f}", flush=True)
    return tokens / wall_s, tokens / cpu_s


if __name__ == "__main__":
    cli.run(main)
