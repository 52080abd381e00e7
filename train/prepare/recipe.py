"""A recipe: where the documents of each source come from, which of them are kept, and how they become tokens."""

import hashlib
import os
import re
from pathlib import Path
from typing import TypeVar

import msgspec

from mixsched.errors import UsageError, did_you_mean
from mixsched.shards import TOKENIZER_FILE
from mixsched.toml import from_toml
from train.prepare.filters.benchmarks import Decontaminate
from train.prepare.filters.limits import Filters
from train.prepare.mistakes import in_words
from train.prepare.readers.folder import Folder
from train.prepare.readers.generated import Generated
from train.prepare.readers.git import Git
from train.prepare.readers.hub import Hub
from train.prepare.readers.jsonl import JsonLines
from train.prepare.readers.notebooks import Notebooks
from train.prepare.readers.own_output import RECORD_FILE
from train.prepare.readers.parquet import Parquet

Input = JsonLines | Parquet | Folder | Git | Notebooks | Hub | Generated
RECIPES = Path(__file__).parent.parent / "recipes"
# The share of all languages that `shares` does not name.
OTHERS = "others"
_MAX_NAME = 100
_T = TypeVar("_T")
_PERCENT_TOLERANCE = 0.05


class TokenizerChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A SentencePiece model that is trained on a sample of the recipe's documents, or one that is there already."""

    vocab_size: int | None = None
    """Words of a tokenizer that is trained; the command line and the scale come first."""
    sample_bytes: int = 6_000_000
    """UTF-8 bytes of documents to train on."""
    weights: dict[str, float] = {}
    """Share of the sample by source, in proportion; 1 where a source is not named, 0 leaves it out."""
    model: str | None = None
    """A model file to use instead, relative to the folder of the data."""
    keep_changed: bool = False
    """Keep documents that such a model does not give back as they were (it normalises text); else they are dropped."""

    def __post_init__(self) -> None:
        if self.vocab_size is not None and self.vocab_size < 1:
            raise ValueError(f"`vocab_size` must be at least 1, got {self.vocab_size}")
        if self.sample_bytes < 1:
            raise ValueError(f"`sample_bytes` must be at least 1, got {self.sample_bytes}")
        if any(not weight >= 0 for weight in self.weights.values()):
            raise ValueError(f"`weights` must not be negative, got {self.weights}")


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source of the mix: its inputs, read in their order, and what is kept of them.

    What is dropped is dropped in the order of these fields: `filters` look at a document alone, then exact
    duplicates go (the first in the order of the recipe stays), then near duplicates, full groups, and what is over
    the shares and the budget.
    """

    inputs: tuple[Input, ...]
    filters: Filters = Filters()
    near_duplicates: float | None = None
    """Drop documents that have about this Jaccard similarity with an earlier one (of a source with the same number)."""
    max_per_group: int | None = None
    """Documents of one group that are kept."""
    shares: dict[str, float] | None = None
    """Percent of the source's bytes by language; `others` stands for the languages that are not named."""
    max_bytes: int | None = None
    """UTF-8 bytes of documents that are kept, chosen by a hash of their text."""
    heldout_share: float | None = None
    """Instead of the recipe's."""

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("`inputs` must name at least one")
        if self.near_duplicates is not None and not 0 < self.near_duplicates < 1:
            raise ValueError(f"`near_duplicates` must lie between 0 and 1, got {self.near_duplicates}")
        for name in ("max_per_group", "max_bytes"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise ValueError(f"`{name}` must be at least 1, got {limit}")
        _check_share("heldout_share", self.heldout_share)
        if self.shares is not None:
            total = sum(self.shares.values())
            if any(not share > 0 for share in self.shares.values()) or abs(total - 100) > _PERCENT_TOLERANCE:
                raise ValueError(f"`shares` must be above 0 and add up to 100 (percent), they add up to {total:g}")


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `python -m train.prepare` makes shards from."""

    sources: dict[str, Source]
    """In order of precedence: of equal documents the first is kept."""
    description: str = ""
    data: str = "."
    """The folder of the inputs, relative to the recipe's file."""
    heldout_share: float = 0.05
    """Share of the groups of documents that are held out, by a hash of the group's name."""
    broken_share: float = 0.01
    """Share of a source's records that may be broken (not UTF-8, not JSON, ...) before it is an error."""
    tokenizer: TokenizerChoice = TokenizerChoice()
    decontaminate: Decontaminate | None = None
    """Evaluation items whose word n-grams no document may share."""

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("`sources` must name at least one")
        for name in self.sources:
            # A source's name becomes a folder's.
            if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
                raise ValueError(f"the source {name!r} must be named by letters, digits, '_', '-' and '.'")
            if len(name) > _MAX_NAME:
                raise ValueError(f"the source '{name[:20]}...' has a name of {len(name)} characters, more than 100")
            if name in (RECORD_FILE, TOKENIZER_FILE):
                raise ValueError(f"the source {name!r} has the name of a file that lies beside the sources")
        for name in self.tokenizer.weights:
            if name not in self.sources:
                raise ValueError(
                    f"`tokenizer.weights` names no source with {name!r}; {did_you_mean(name, self.sources)}"
                )
        if all(self.tokenizer.weights.get(name, 1) == 0 for name in self.sources):
            raise ValueError("`tokenizer.weights` must leave at least one source above 0")
        _check_share("heldout_share", self.heldout_share)
        _check_share("broken_share", self.broken_share)

    def heldout(self, source: str) -> float:
        """The share of a source's groups that are held out."""
        own = self.sources[source].heldout_share
        return self.heldout_share if own is None else own


def _check_share(name: str, share: float | None) -> None:
    if share is not None and not 0 <= share < 1:
        raise ValueError(f"`{name}` must lie in 0..1, 1 excluded, got {share}")


def read_recipe(path: Path) -> tuple[Recipe, Path]:
    """The recipe in a TOML file, and the folder that its inputs are relative to.

    Raises UsageError that names the file and the place in it where it is none.
    """
    try:
        # Some editors begin a file with a byte-order mark, which is not TOML.
        value = from_toml(path.read_text(encoding="utf-8-sig"), what=f"'{path}'")
    except UnicodeDecodeError as error:
        raise UsageError(f"'{path}' is no recipe: it is not UTF-8 text; name a .toml file") from error
    recipe = parse_recipe(value, where=f"'{path}'")
    return recipe, Path(os.path.abspath(path.parent / Path(recipe.data).expanduser()))


def bundled_recipe() -> tuple[Recipe, Path, str]:
    """The recipe of the bundled corpus, the folder of its inputs, and a SHA-256 over all of it."""
    path = RECIPES / "bundled.toml"
    recipe, data = read_recipe(path)
    digest = hashlib.sha256(path.read_bytes())
    for file in sorted(data.glob("*.jsonl.xz")):
        digest.update(file.read_bytes())
    return recipe, data, digest.hexdigest()


def parse_recipe(value: dict, *, where: str) -> Recipe:
    """A recipe from the tables of a TOML file; raises UsageError that names the place of a mistake."""
    sources = value.get("sources")
    if isinstance(sources, dict):
        # One by one first: a mistake in all of them at once is told without the name of its source.
        for name, table in sources.items():
            _convert(table, Source, where=f"{where}, [sources.{name}]", table=f"sources.{name}")
    return _convert(value, Recipe, where=where, table="")


def _convert(value: object, kind: type[_T], *, where: str, table: str) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        told = in_words(str(error), value, kind, table=table)
        raise UsageError(f"{where} is not as a recipe must be: {told}") from error
