"""A folder of files becomes documents of known languages; everything else is counted by what it is."""

import os

import msgspec
import pytest

from mixsched.errors import UsageError
from train.corpora.document import Document
from train.prepare.readers import folder as folder_module
from train.prepare.readers.folder import Folder, walk
from train.prepare.readers.reader import Dropped


def read_all(reader, data):
    return [each for part in reader.parts(data) for each in reader.read(data, part, source="s")]


def origins(results):
    return [each.origin for each in results if isinstance(each, Document)]


@pytest.fixture
def data(tmp_path):
    files = {
        "one/a.py": b"x = 1\r\n",
        "one/docs/guide.md": b"# Guide\n",
        "one/run": b"#!/bin/sh\necho\n",
        "two/a.c": b"int x;\n",
        "two/notes.txt": b"words\n",
        "two/node_modules/b/index.js": b"x\n",
        "two/.git/config.py": b"x\n",
        "two/jquery.min.js": b"x\n",
        "top.py": b"y = 2\n",
    }
    for name, content in files.items():
        (tmp_path / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / name).write_bytes(content)
    return tmp_path


def test_files_become_documents_in_the_order_of_their_paths(data):
    results = read_all(Folder(folder="code", licence="MIT"), data)
    assert [(each.origin, each.language) for each in results] == [
        ("code/one/a.py", "Python"),
        ("code/one/docs/guide.md", "Markdown"),
        ("code/one/run", "Shell"),
        ("code/top.py", "Python"),
        ("code/two/a.c", "C"),
        ("code/two/notes.txt", ""),
    ]
    assert (results[0].text, results[0].licence, results[0].source) == ("x = 1\n", "MIT", "s")


def test_the_results_are_the_same_however_the_folder_is_cut(data, monkeypatch):
    reader = Folder(folder="code")
    whole = read_all(reader, data)
    monkeypatch.setattr(folder_module, "PART_BYTES", 8)
    assert len(reader.parts(data)) > 3
    assert read_all(reader, data) == whole


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"patterns": ("*.py",)}, ["code/one/a.py", "code/top.py"]),
        ({"patterns": ("one/*.py", "docs")}, ["code/one/a.py", "code/one/docs/guide.md"]),
        ({"patterns": ("**/docs/**",)}, ["code/one/docs/guide.md"]),
        ({"patterns": ("one/",)}, ["code/one/a.py", "code/one/docs/guide.md", "code/one/run"]),
        ({"patterns": ("*.py",), "exclude": ("/one",)}, ["code/top.py", "code/two/.git/config.py"]),
        (
            {"exclude": (), "patterns": ("*.js", ".git/**")},
            ["code/two/jquery.min.js", "code/two/node_modules/b/index.js"],
        ),
        ({"languages": ("C", "Markdown")}, ["code/one/docs/guide.md", "code/two/a.c"]),
        ({"kinds": ("text",)}, ["code/two/notes.txt"]),
        ({"kinds": ("markup",), "languages": ("C",)}, []),
    ],
)
def test_patterns_languages_and_kinds_say_what_is_kept(data, fields, kept):
    assert origins(read_all(Folder(folder="code", **fields), data)) == kept


def test_what_a_file_is_dropped_for(data, monkeypatch):
    monkeypatch.setattr(folder_module, "MAX_DOCUMENT_BYTES", 10_000)
    code = data / "code"
    for path in [*code.rglob("*.py"), *code.rglob("*.md"), code / "one" / "run", code / "two" / "notes.txt"]:
        path.unlink()
    for name, content in {
        "binary.py": b"x\0",
        "big.py": b"x" * 10_001,
        "big.bin": b"\0" * 10_001,
        "empty.py": b"",
        "latin.py": "é".encode("latin-1"),
        "latin.csv": "é".encode("latin-1"),
        "late.py": b"x" * 9_000 + b"\xff",
        "n.ipynb": b"{}",
        "script": b"words",
        "space.py": b" \n",
    }.items():
        (code / name).write_bytes(content)
    (code / "gone.py").write_text("x")
    (code / os.fsdecode(b"caf\xe9.py")).write_text("x")
    reader = Folder(folder="code", languages=("Python",))
    parts = reader.parts(data)
    (code / "gone.py").unlink()
    results = [each for part in parts for each in reader.read(data, part, source="s")]
    assert results == [
        Dropped("code/big.bin", "binary"),
        Dropped("code/big.py", "longer than 16 MB", broken=True),
        Dropped("code/binary.py", "binary"),
        Dropped("code/caf\\xe9.py", "cannot be read", broken=True),
        Dropped("code/empty.py", "empty"),
        Dropped("code/gone.py", "cannot be read", broken=True),
        Dropped("code/late.py", "not UTF-8", broken=True),
        Dropped("code/latin.csv", "no known language"),
        Dropped("code/latin.py", "not UTF-8", broken=True),
        Dropped("code/n.ipynb", "a notebook, which the reader `notebooks` reads"),
        Dropped("code/script", "no known language"),
        Dropped("code/space.py", "empty"),
        Dropped("code/two/a.c", "language: C"),
    ]


def test_links_and_pipes_are_left_alone(data):
    code = data / "code"
    (code / "loop").symlink_to(code)
    (code / "link.py").symlink_to(code / "top.py")
    (code / "dangling.py").symlink_to(code / "nothing")
    os.mkfifo(code / "pipe.py")
    assert len(origins(read_all(Folder(folder="code"), data))) == 6


def test_what_this_tool_makes_and_what_was_fetched_is_left_alone(data):
    code = data / "code"
    made = {
        "made": ("corpus.json", "tokenizer.model"),
        "made.unfinished": ("work.json",),
        "two/vendor": (),
        "build": (),
    }
    for folder, signs in made.items():
        for name in (*signs, "a.py"):
            (code / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (code / folder / name).write_text("x\n")
    before = [file.name for file in walk(code)]
    assert not [name for name in before if name.startswith(("made", "two/vendor", "build"))]
    assert len(origins(read_all(Folder(folder="code"), data))) == 6
    (code / "made.unfinished" / "work.json").unlink()
    (code / "one" / "build").mkdir()
    (code / "one" / "build" / "a.py").write_text("x\n")
    assert {file.name for file in walk(code)} - {*before} == {"made.unfinished/a.py", "one/build/a.py"}


def test_a_project_can_be_a_group(data):
    groups = {each.origin: each.group for each in read_all(Folder(folder="code", group="folder"), data)}
    assert groups["code/one/a.py"] == groups["code/one/docs/guide.md"] == "folder:code/one"
    assert groups["code/two/a.c"] == "folder:code/two"
    assert groups["code/top.py"].startswith("text:")


def test_the_folder_of_the_data_itself_and_an_absolute_one_can_be_read(data):
    code = data / "code"
    assert origins(read_all(Folder(folder="."), code))[0] == "one/a.py"
    assert origins(read_all(Folder(folder=str(code), group="folder"), data.parent))[0] == f"{code}/one/a.py"


@pytest.mark.parametrize(
    "fields", [{"folder": "missing"}, {"folder": "code/top.py"}, {"folder": "code", "patterns": ("*.zig",)}]
)
def test_nothing_to_read_is_told(data, fields):
    with pytest.raises(UsageError, match=r"is no folder|holds no file"):
        Folder(**fields).parts(data)


def test_a_language_that_is_not_known_is_told_with_the_nearest():
    with pytest.raises(msgspec.ValidationError, match="did you mean 'Python'"):
        msgspec.convert({"reader": "folder", "folder": "a", "languages": ["Pyton"]}, Folder)
