"""The bundled corpus holds what its notice says, and nothing twice; its checks can fail."""

import functools
import lzma
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from train.corpora import build, fetch
from train.corpora.admit import Bucket, admit
from train.corpora.dedup import PASSAGE_WORDS, PassageIndex, passage_hashes
from train.corpora.document import Document, read_documents, write_documents
from train.corpora.files import is_readable

_BUNDLED = Path(build.__file__).parent / "bundled"
_MIN_RAW_BYTES = {
    "text": 7_000_000,
    "web_code": 4_500_000,
    "markup": 1_100_000,
    "adjacent": 550_000,
    "synthetic": 550_000,
    "math": 650_000,
    "instruct": 550_000,
}
_LANGUAGES = {
    "py": "Python", "js": "JavaScript", "ts": "TypeScript", "c": "C", "cc": "C++", "go": "Go",
    "rs": "Rust", "php": "PHP", "rb": "Ruby",
}  # fmt: skip


@functools.cache
def _documents(source: str) -> tuple[Document, ...]:
    return tuple(read_documents(_BUNDLED / f"{source}.jsonl.xz"))


def _all_documents() -> list[Document]:
    return [document for source in _MIN_RAW_BYTES for document in _documents(source)]


def _document(text: str, **fields: str) -> Document:
    blank = {"source": "s", "origin": "o", "licence": "l", "group": "g"}
    return Document(text=text, **(blank | fields))


def _words(start: int, count: int) -> str:
    return " ".join(f"word{number}" for number in range(start, start + count))


def test_compressed_files_fit_the_repository():
    sizes = {path.name: path.stat().st_size for path in _BUNDLED.glob("*.xz")}
    assert set(sizes) == {f"{source}.jsonl.xz" for source in _MIN_RAW_BYTES}
    assert sum(sizes.values()) <= 4_000_000


@pytest.mark.parametrize("source", _MIN_RAW_BYTES)
def test_a_source_has_enough_text_under_its_own_name(source):
    documents = _documents(source)
    assert sum(len(document.text.encode()) for document in documents) >= _MIN_RAW_BYTES[source]
    assert {document.source for document in documents} == {source}


def test_every_licence_and_package_is_in_the_notice():
    notice = (_BUNDLED / "NOTICE.md").read_text(encoding="utf-8")
    for document in _all_documents():
        assert f"`{document.licence}`" in notice, document.origin
    packages = {f"`{package.label}" for package in fetch.PACKAGES}
    assert [package for package in packages if package not in notice] == []


def test_every_origin_is_a_pinned_package_or_our_generator():
    labels = (*(package.label for package in fetch.PACKAGES), "generated:synthetic#")
    assert [doc.origin for doc in _all_documents() if not doc.origin.startswith(labels)] == []
    assert max(Counter(doc.origin for doc in _all_documents()).values()) == 1


def test_no_document_has_a_forbidden_character():
    for document in _all_documents():
        assert not set(document.text) & {"\u2581", "\0", "\r", "\ufffd"}, document.origin
        assert document.text.strip(), document.origin


def test_web_code_has_many_languages_in_quantity():
    sizes: Counter[str] = Counter()
    for document in _documents("web_code"):
        sizes[_LANGUAGES.get(document.origin.rsplit(".", 1)[1], "header")] += len(document.text)
    assert {name for name, size in sizes.items() if size > 100_000} >= {*_LANGUAGES.values()}, sizes


def test_no_passage_stands_in_two_documents():
    owners, hashes = [], []
    for number, document in enumerate(_all_documents()):
        found = np.unique(passage_hashes(document.text))
        hashes.append(found)
        owners.append(np.full(len(found), number))
    every, owner = np.concatenate(hashes), np.concatenate(owners)
    order = np.argsort(every, kind="stable")
    repeated = np.flatnonzero(np.diff(every[order]) == 0)
    documents = _all_documents()
    pairs = {(documents[owner[order[place]]].origin, documents[owner[order[place + 1]]].origin) for place in repeated}
    assert pairs == set()


def test_library_modules_in_adjacent_are_not_in_web_code():
    def modules(source: str) -> set[str]:
        parts = (doc.origin.split("/python3.11/") for doc in _documents(source))
        paths = [path[1].split("#")[0] for path in parts if len(path) == 2]
        return {path.split("/")[0].removesuffix(".py").lstrip("_") for path in paths}

    assert len(modules("adjacent")) > 10
    assert modules("adjacent") & modules("web_code") == set()


def test_questions_share_the_group_of_the_text_on_their_subject():
    text_groups = {document.group for document in _documents("text")}
    groups = Counter(doc.group.split(":")[0] for doc in _documents("instruct"))
    shared = Counter(doc.group.split(":")[0] for doc in _documents("instruct") if doc.group in text_groups)
    assert shared["country"] > 0.9 * groups["country"] > 0
    assert shared["synset-lemma"] > 0.3 * groups["synset-lemma"] > 0
    assert not {doc.group for doc in _documents("synthetic")} & {doc.group for doc in _documents("instruct")}


def test_a_shared_passage_is_found_whatever_the_white_space():
    passages = PassageIndex()
    assert passages.add_if_new(_words(0, 100))
    assert not passages.add_if_new("other start " + _words(50, PASSAGE_WORDS).replace(" ", "\n"))
    assert passages.add_if_new("other start " + _words(61, PASSAGE_WORDS - 1))
    assert passages.add_if_new("three short words")
    assert not passages.add_if_new("three  short words\n")


def test_a_copyright_comment_is_no_shared_passage():
    comment = "".join(f"// Copyright the authors {_words(0, 50)}\n" for _ in range(3))
    passages = PassageIndex()
    assert passages.add_if_new(f"{comment}\nint a;")
    assert passages.add_if_new(f"{comment}\nint b;")
    assert not passages.add_if_new(f"{comment}\nint a;")


def test_admission_keeps_the_budget_and_counts_what_it_drops():
    texts = [_words(0, 60), _words(10, 60), "a\u2581b", "short one", _words(1_000, 60)]
    documents = [_document(text, origin=str(place)) for place, text in enumerate(texts)]
    dropped: Counter[str] = Counter()
    kept = admit(Bucket("b", 860, documents), PassageIndex(), dropped)
    assert [document.origin for document in kept] == ["0", "3"]
    assert dropped == {"shares a passage": 1, "forbidden character": 1, "over budget": 1}


def test_generated_and_minified_files_are_not_readable():
    code = "def add(first, second):\n    return first + second\n" * 20
    assert is_readable(code)
    assert not is_readable("# Code generated by a tool. DO NOT EDIT.\n" + code)
    assert not is_readable(code + "x" * 500)
    assert not is_readable("0x12, 0x34, 0x56,\n" * 100)


def test_documents_survive_a_round_trip_with_the_same_bytes(tmp_path):
    documents = [_document("one\ntwo — ∀x\n"), _document('quotes " and \\ \t')]
    paths = [tmp_path / f"{name}.jsonl.xz" for name in "ab"]
    for path in paths:
        write_documents(path, documents)
    assert list(read_documents(paths[0])) == documents
    assert paths[0].read_bytes() == paths[1].read_bytes()
    plain = tmp_path / "plain.jsonl"
    plain.write_bytes(lzma.decompress(paths[0].read_bytes()))
    assert list(read_documents(plain)) == documents


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json", "not a line of JSON"),
        ('{"text": "a"}', "exactly the keys"),
        ("[1]", "exactly the keys"),
        (
            '{"text": "", "source": "s", "origin": "o", "licence": "l", "group": "g"}',
            "`text` must be",
        ),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(tmp_path, line, message):
    path = tmp_path / "bad.jsonl"
    good = '{"text": "a", "source": "s", "origin": "o", "licence": "l", "group": "g"}'
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"bad\.jsonl, line 2: .*{message}"):
        list(read_documents(path))


def test_a_cut_file_is_an_error_and_not_a_short_corpus(tmp_path):
    path = tmp_path / "cut.jsonl.xz"
    write_documents(path, [_document(_words(0, 2_000))])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match="xz stream is damaged"):
        list(read_documents(path))


def test_a_failing_fetch_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    def offline(package, folder):
        raise fetch.BuildError(f"can't get {package.label}: no network")

    monkeypatch.setattr(fetch, "_download", offline)
    out = tmp_path / "out"
    assert build.main(["--out", str(out), "--cache", str(tmp_path / "cache")]) == 2
    assert capsys.readouterr().err.startswith("error: can't get ")
    assert list(out.iterdir()) == []


def test_an_archive_other_than_the_pinned_one_is_refused(tmp_path, monkeypatch):
    def substitute(package, folder):
        (folder / "archive.tgz").write_bytes(b"something else")

    monkeypatch.setattr(fetch, "_download", substitute)
    with pytest.raises(fetch.BuildError, match="not the pinned archive"):
        fetch.fetch_packages(tmp_path)
