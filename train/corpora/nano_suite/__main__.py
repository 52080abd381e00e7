"""Builds the nano suite from the bundled corpus, offline: `python -m train.corpora.nano_suite [--out DIR]`."""

import argparse
from pathlib import Path

from mixsched import cli
from train.corpora.nano_suite.build import build
from train.corpora.nano_suite.corpus import BUNDLED, read_corpus

_ROOT = Path(__file__).parents[3]


def main() -> None:
    """Parse, build, and print how many items each file has."""
    parser = argparse.ArgumentParser(prog="python -m train.corpora.nano_suite", description=__doc__)
    parser.add_argument("--out", type=Path, default=_ROOT / "eval/nano", help="folder for the .jsonl files")
    for name, (items, size_bytes) in build(read_corpus(BUNDLED), parser.parse_args().out).items():
        print(f"{name:<16} {items:>5,} items {size_bytes:>9,} bytes")


if __name__ == "__main__":
    cli.run(main)
