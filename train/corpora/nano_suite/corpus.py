"""The bundled corpus as the nano suite sees it: what a run trains on, and what is held out from it."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from train.corpora.document import Document, read_documents
from train.prepare.split import is_heldout

BUNDLED = Path(__file__).parents[1] / "bundled"


@dataclasses.dataclass(frozen=True)
class Corpus:
    """All documents of all sources, in the two parts that `python -m train.prepare` makes of them."""

    train: tuple[Document, ...]
    heldout: tuple[Document, ...]

    def holds(self, text: str) -> bool:
        """Whether a document of the training part has this text, however its white space runs."""
        return one_spaced(text) in self._train_text

    @functools.cached_property
    def _train_text(self) -> str:
        return "\0".join(one_spaced(document.text) for document in self.train)


def read_corpus(folder: Path) -> Corpus:
    """The documents of every `.jsonl.xz` file in a folder, files by name."""
    documents = [document for path in sorted(folder.glob("*.jsonl.xz")) for document in read_documents(path)]
    return Corpus(
        train=tuple(document for document in documents if not is_heldout(document)),
        heldout=tuple(document for document in documents if is_heldout(document)),
    )


def of_groups(documents: Sequence[Document], source: str, *kinds: str) -> list[Document]:
    """The documents of a source whose groups are of these kinds: `country` for "country:fr"."""
    return [document for document in documents if document.source == source and kind_of(document) in kinds]


def kind_of(document: Document) -> str:
    """What kind of subject a document has: `country` for the group "country:fr"."""
    return document.group.partition(":")[0]


def subject_of(document: Document) -> str:
    """The subject without its kind: "fr" for the group "country:fr"."""
    return document.group.partition(":")[2]


def one_spaced(text: str) -> str:
    """The text with one space for every run of white space."""
    return " ".join(text.split())
