"""The desk corpus's documents that aren't copied files: prose, theorems, questions, and text next to code."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from train.corpora.admit import shuffled
from train.corpora.desk.prose import article_documents, treasury_documents
from train.corpora.docstrings import docstring_pairs
from train.corpora.document import Document
from train.corpora.factbook import factbook_bucket, read_countries
from train.corpora.fetch import Unpacked
from train.corpora.instruct import instruct_buckets
from train.corpora.metamath import metamath_bucket
from train.corpora.prose import prose_buckets
from train.corpora.synthetic.programs import generate_programs
from train.corpora.wordnet import read_wordnet, wordnet_bucket

# Their functions are in no other source; what they are is said by long docstrings.
_EXPLAINED = (("networkx", "networkx", "BSD-3-Clause"), ("nltk", "nltk", "Apache-2.0"))
_RELEASE_NOTES = (
    ("django", "docs/releases", "*.txt", "BSD-3-Clause"),
    ("phaser", "changelog", "**/*.md", "MIT"),
)
_PROGRAM_COUNT, _PROGRAM_SEED = 12_000, 20_240_820


def document_files(packages: Mapping[str, Unpacked]) -> dict[str, Callable[[], Iterable[Document]]]:
    """What makes the documents of each file, by its path in the corpus: all there are, as budgets are the recipe's."""
    # The bundled corpus's readers know packages by the names that registries have for them.
    named = {unpacked.package.name: unpacked for unpacked in packages.values()}
    wordnet = read_wordnet(named)
    countries = list(read_countries(named))
    buckets = [*prose_buckets(named), factbook_bucket(named), wordnet_bucket(wordnet)]
    files: dict[str, Callable[[], Iterable[Document]]] = {
        f"text/{bucket.name}": lambda bucket=bucket: bucket.documents for bucket in buckets
    }
    files["text/treasury-of-david"] = lambda: treasury_documents(packages["treasury"])
    files["text/wikipedia"] = lambda: article_documents(packages["wikipedia"], wordnet, countries)
    files["math/set.mm"] = lambda: metamath_bucket(named).documents
    files["adjacent/docstrings"] = lambda: _docstrings(packages)
    files["adjacent/release-notes"] = lambda: _release_notes(packages)

    def questions() -> Iterator[Document]:
        programs = generate_programs(count=_PROGRAM_COUNT, seed=_PROGRAM_SEED).programs
        for bucket in instruct_buckets(wordnet, countries, programs):
            yield from bucket.documents

    files["instruct/questions"] = questions
    return files


def _docstrings(packages: Mapping[str, Unpacked]) -> list[Document]:
    return shuffled(
        pair
        for short, folder, licence in _EXPLAINED
        for module in _files(packages[short], folder, "**/*.py", licence)
        if "/tests/" not in module.origin
        for pair in docstring_pairs(module, _module_name(module.origin, folder))
    )


def _module_name(origin: str, folder: str) -> str:
    """`.../networkx/classes/graph.py` is networkx.classes.graph."""
    path = origin[origin.index(f"/{folder}/") + 1 :]
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _release_notes(packages: Mapping[str, Unpacked]) -> Iterator[Document]:
    for short, folder, pattern, licence in _RELEASE_NOTES:
        yield from _files(packages[short], folder, pattern, licence)


def _files(unpacked: Unpacked, folder: str, pattern: str, licence: str) -> Iterator[Document]:
    for path in sorted((unpacked.root / folder).glob(pattern)):
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n").strip("\n")
        if text:
            name = path.relative_to(unpacked.root).as_posix()
            yield Document(
                text=text + "\n",
                source="adjacent",
                origin=f"{unpacked.package.label}/{name}",
                licence=licence,
                group=f"file:{unpacked.package.name}/{name}",
            )


def copy_notebooks(packages: Mapping[str, Unpacked], out: Path) -> int:
    """Copies the packages' .ipynb files to LICENCE/PACKAGE/path under `out`; returns how many."""
    count = 0
    for short, licence in (("scikit-rf", "BSD-3-Clause"), ("control", "BSD-3-Clause")):
        root = packages[short].root
        for path in sorted(root.rglob("*.ipynb")):
            target = out / licence / short / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            count += 1
    return count
