"""From a folder of documents to a folder of sources: split, tokenizer, rows, all or nothing."""

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mixsched import Manifest
from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, tokenizer_fingerprint
from train.corpora.document import Document, read_documents
from train.prepare.source import Tokenizer, write_part
from train.prepare.split import is_heldout, shuffle_key
from train.prepare.tokenizer import load_tokenizer, train_tokenizer

BUNDLED = Path(__file__).parent.parent / "corpora" / "bundled"
Corpus = dict[str, tuple[Document, ...]]
# Raise it when the same documents would become other rows.
PREPARE_FORMAT = 1
STAMP_FILE = "corpus.json"


def prepare(
    corpus: Path, out: Path, *, vocab_size: int, context_tokens: int, say: Callable[[str], None] = print
) -> list[Manifest]:
    """Make every source of `corpus` into a folder under `out`, with its tokenizer and held-out parts beside.

    `out` appears when all of it is finished, so a run never reads half of it. Raises UsageError if `out` exists
    or the documents cannot be read.
    """
    if out.exists():
        raise UsageError(f"'{out}' exists already; remove it to prepare it again, or name another `--out`")
    training, heldout = read_corpus(corpus)
    with _atomic_folder(out) as folder:
        say(f"training a tokenizer of {vocab_size:,} words")
        (folder / STAMP_FILE).write_text(stamp(corpus))
        tokenizer = _make_tokenizer(training, folder, vocab_size)
        manifests = []
        for source in sorted(training):
            for part, documents in (("train", training), ("heldout", heldout)):
                where = folder / source if part == "train" else folder / source / "heldout"
                manifests.append(
                    write_part(
                        where, part, source, documents[source], tokenizer=tokenizer, context_tokens=context_tokens
                    )
                )
            say(f"{source}: {manifests[-2].rows:,} rows to train on, {manifests[-1].rows:,} held out")
    return manifests


def stamp(corpus: Path) -> str:
    """What rows follow from: the way they are made, and the bytes of the corpus's files."""
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in _files(corpus)}
    return json.dumps({"prepare_format": PREPARE_FORMAT, "files": digests}, indent=1) + "\n"


def _files(corpus: Path) -> list[Path]:
    return sorted([*corpus.glob("*.jsonl.xz"), *corpus.glob("*.jsonl")])


def read_corpus(corpus: Path) -> tuple[Corpus, Corpus]:
    """All documents by source, to train on and held out, each in a fixed order without pattern."""
    files = _files(corpus)
    if not files:
        raise UsageError(f"'{corpus}' holds no .jsonl or .jsonl.xz files of documents; name a folder that does")
    try:
        documents = [document for file in files for document in read_documents(file)]
    except ValueError as error:
        raise UsageError(str(error)) from error
    for source in sorted({document.source for document in documents}):
        # A source's name becomes a folder's.
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", source):
            raise UsageError(f"the source {source!r} in '{corpus}' must be named by letters, digits, '_', '-' and '.'")
    documents.sort(key=shuffle_key)
    parts: tuple[Corpus, Corpus] = ({}, {})
    for source in sorted({document.source for document in documents}):
        for held_out, part in enumerate(parts):
            part[source] = tuple(
                document for document in documents if document.source == source and is_heldout(document) == held_out
            )
    return parts


def _make_tokenizer(training: Corpus, folder: Path, vocab_size: int) -> Tokenizer:
    try:
        model = train_tokenizer(training, vocab_size=vocab_size)
    except RuntimeError as error:
        raise UsageError(
            f"SentencePiece cannot make a vocabulary of {vocab_size} from this corpus ({_last_line(error)}); "
            "use a smaller `--vocab-size` or more documents"
        ) from error
    path = folder / TOKENIZER_FILE
    path.write_bytes(model)
    return Tokenizer(load_tokenizer(path), tokenizer_fingerprint(folder))


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]


@contextlib.contextmanager
def _atomic_folder(out: Path) -> Iterator[Path]:
    """A folder that becomes `out` when the block ends well, and is removed when it does not."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield folder
        folder.chmod(0o755)
        if out.exists():
            raise UsageError(f"'{out}' was made by another process meanwhile; use that, or name another `--out`")
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
