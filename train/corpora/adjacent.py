"""Text next to code: functions explained by their docstrings, and release notes."""

from collections.abc import Mapping

from train.corpora.admit import Bucket, shuffled
from train.corpora.code import is_explained, module_name, standard_library
from train.corpora.docstrings import docstring_pairs
from train.corpora.fetch import Unpacked
from train.corpora.files import FileSet, file_documents

_RELEASE_NOTES = FileSet("django", "docs/releases", (".txt",), "BSD-3-Clause", "Django Software", excluded=("index",))


def adjacent_buckets(packages: Mapping[str, Unpacked]) -> list[Bucket]:
    """The pairs come from modules that `web_code` leaves out."""
    notes = file_documents(_RELEASE_NOTES, packages["django"], source="adjacent")
    explained = (doc for doc in standard_library(packages) if is_explained(doc.origin))
    pairs = (pair for document in explained for pair in docstring_pairs(document, module_name(document.origin)))
    return [
        Bucket("docstrings", 550_000, shuffled(pairs)),
        Bucket("release-notes", 250_000, shuffled(notes)),
    ]
