"""Documentation and web pages: reStructuredText, Markdown, HTML and CSS."""

from collections.abc import Mapping

from train.corpora.admit import Bucket, shuffled
from train.corpora.fetch import Unpacked
from train.corpora.files import FileSet, file_documents

_DJANGO_OWNER = "Django Software"
# The embedded book is CC-BY-SA, so it isn't here.
_RUST_BOOKS = ("book/src", "nomicon/src", "reference/src", "rust-by-example/src")
_NOT_DJANGO = (
    "/locale/",
    "/vendor/",
    "contrib/gis/",
    "/tests/",
    "docs/releases",
    "docs/_",
    "contents",
)

_FILE_SETS: tuple[tuple[str, int, FileSet], ...] = (
    (
        "rest-django",
        600_000,
        FileSet("django", "docs", (".txt",), "BSD-3-Clause", _DJANGO_OWNER, excluded=_NOT_DJANGO),
    ),
    *(
        (
            f"markdown-{folder.split('/')[0]}",
            125_000,
            FileSet(
                "rust-src",
                f"usr/src/rustc-1.63.0/src/doc/{folder}",
                (".md",),
                "MIT OR Apache-2.0",
                "Rust Project Developers",
            ),
        )
        for folder in _RUST_BOOKS
    ),
    (
        "html-css-django",
        150_000,
        FileSet(
            "django",
            "django",
            (".html", ".css"),
            "BSD-3-Clause",
            _DJANGO_OWNER,
            excluded=_NOT_DJANGO,
        ),
    ),
)


def markup_buckets(packages: Mapping[str, Unpacked]) -> list[Bucket]:
    """A bucket for each kind of page."""
    return [
        Bucket(
            name,
            budget_bytes,
            shuffled(file_documents(file_set, packages[file_set.package], source="markup")),
        )
        for name, budget_bytes, file_set in _FILE_SETS
    ]
