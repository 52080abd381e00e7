"""Source files of nine languages, each under one permissive licence."""

import re
from collections.abc import Iterable, Iterator, Mapping

from train.corpora.admit import Bucket, keyed_hash, shuffled
from train.corpora.document import Document
from train.corpora.fetch import Unpacked
from train.corpora.files import FileSet, file_documents

_GRPC = "third_party"
_RUST = "usr/src/rustc-1.63.0/library"
_PYTHON = "usr/lib/python3.11"
_NOT_DJANGO = ("conf/locale/", "contrib/gis/", "django/dispatch/", "/vendor/", "/migrations/")

STANDARD_LIBRARY = tuple(
    FileSet(package, _PYTHON, (".py",), "PSF-2.0", "Python Software Foundation")
    for package in ("libpython3.11-stdlib", "libpython3.11-minimal")
)
_FILE_SETS: tuple[tuple[str, int, FileSet], ...] = (
    (
        "python-django",
        900_000,
        FileSet("django", "django", (".py",), "BSD-3-Clause", "Django Software", excluded=_NOT_DJANGO),
    ),
    (
        "javascript-django",
        120_000,
        FileSet(
            "django",
            "django/contrib/admin/static",
            (".js",),
            "BSD-3-Clause",
            "Django Software",
            excluded=_NOT_DJANGO,
        ),
    ),
    (
        "javascript-express",
        100_000,
        FileSet("express", "lib", (".js",), "MIT", "Holowaychuk|Wilson|Shtylman"),
    ),
    ("javascript-three", 450_000, FileSet("three", "src", (".js",), "MIT", "three.js authors")),
    ("typescript-rxjs", 350_000, FileSet("rxjs", "src", (".ts",), "Apache-2.0", "RxJS|Google")),
    (
        "c-zlib",
        250_000,
        FileSet(
            "grpcio",
            f"{_GRPC}/zlib",
            ("zlib/*.c", "zlib/*.h"),
            "Zlib",
            "Mark Adler|Jean-loup Gailly",
            excluded=("zlib/contrib", "zlib/examples", "zlib/os400", "zlib/test"),
        ),
    ),
    (
        "c-cares",
        250_000,
        FileSet(
            "grpcio",
            f"{_GRPC}/cares/cares",
            ("/src/lib/*.c", "/src/lib/*.h"),
            "MIT",
            "c-ares project|Daniel Stenberg|Massachusetts Institute of Technology|Brad House",
        ),
    ),
    (
        "cpp-grpc",
        450_000,
        FileSet("grpcio", "src/core", (".cc", ".h"), "Apache-2.0", "gRPC authors|Google"),
    ),
    (
        "cpp-abseil",
        150_000,
        FileSet("grpcio", f"{_GRPC}/abseil-cpp/absl", (".cc", ".h"), "Apache-2.0", "Abseil Authors"),
    ),
    (
        "go",
        600_000,
        FileSet(
            "golang-1.19-src",
            "usr/share/go-1.19/src",
            (".go",),
            "BSD-3-Clause",
            "The Go Authors",
            excluded=("/vendor/", "/testdata/", "/cmd/", "zerrors_", "zsys", "ztypes_"),
        ),
    ),
    *(
        (
            f"rust-{library}",
            budget_bytes,
            FileSet(
                "rust-src",
                f"{_RUST}/{library}/src",
                (".rs",),
                "MIT OR Apache-2.0",
                "Rust Project Developers",
                excluded=("/stdarch/", "/unicode/"),
            ),
        )
        for library, budget_bytes in (("std", 300_000), ("core", 150_000), ("alloc", 150_000))
    ),
    ("php", 150_000, FileSet("php-monolog", "usr/share/php", (".php",), "MIT", "Jordi Boggiano")),
    (
        "ruby",
        200_000,
        FileSet("ruby-sequel", "usr/lib/ruby/vendor_ruby", (".rb",), "MIT", "Jeremy Evans|Sharon Rosner"),
    ),
)


def code_buckets(packages: Mapping[str, Unpacked]) -> list[Bucket]:
    """A bucket for each package and language, files in an order of their own."""
    library = (doc for doc in standard_library(packages) if not is_explained(doc.origin))
    buckets = [Bucket("python-stdlib", 700_000, shuffled(library))]
    for name, budget_bytes, file_set in _FILE_SETS:
        files = file_documents(file_set, packages[file_set.package], source="web_code")
        buckets.append(Bucket(name, budget_bytes, shuffled(_in_language(files, name))))
    return buckets


def standard_library(packages: Mapping[str, Unpacked]) -> Iterator[Document]:
    """Every file of CPython's library that could be taken."""
    for file_set in STANDARD_LIBRARY:
        yield from file_documents(file_set, packages[file_set.package], source="web_code")


def module_name(origin: str) -> str:
    """The top module that a library file belongs to: `.../python3.11/json/decoder.py` -> json."""
    return origin.split(f"{_PYTHON}/", 1)[1].split("/")[0].removesuffix(".py").lstrip("_")


def is_explained(origin: str) -> bool:
    """Whether the module goes to the source `adjacent`, by hash; its files are then not in code."""
    return keyed_hash("adjacent", module_name(origin)) % 2 == 0


def _in_language(files: Iterable[Document], name: str) -> Iterator[Document]:
    """A `.h` file counts as what it holds: C++ has namespaces."""
    for document in files:
        is_cpp = bool(re.search(r"^(namespace|class|template)\b", document.text, re.MULTILINE))
        if not document.origin.endswith(".h") or is_cpp == name.startswith("cpp"):
            yield document
