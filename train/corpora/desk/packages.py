"""The pinned packages of the desk corpus, by the short names that the rest of it uses."""

from pathlib import Path

from train.corpora.fetch import Package

# One a line: short name, kind, name, version, SHA-256.
_TABLE = Path(__file__).with_name("packages.txt")


def read_packages() -> dict[str, Package]:
    """Every package by its short name."""
    rows = (line.split() for line in _TABLE.read_text(encoding="utf-8").splitlines())
    return {short: Package(kind, name, version, sha256) for short, kind, name, version, sha256 in rows}
