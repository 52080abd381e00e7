"""Lines of JSON become the same documents however the files are cut, and bad lines cost only themselves."""

import gzip
import json
import lzma
import tracemalloc

import msgspec
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixsched.errors import UsageError
from train.corpora.document import Document
from train.prepare.readers import jsonl
from train.prepare.readers.jsonl import NOT_JSON, JsonLines
from train.prepare.readers.reader import Dropped
from train.prepare.readers.texts import TOO_LONG


def read_all(reader, data):
    return [each for part in reader.parts(data) for each in reader.read(data, part, source="s")]


def texts(results):
    return [each.text for each in results if isinstance(each, Document)]


def write_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_a_record_is_a_document_with_its_place(tmp_path):
    (tmp_path / "in").mkdir()
    write_lines(tmp_path / "in" / "a.jsonl", [{"text": "one"}, {"text": "two"}])
    first, second = read_all(JsonLines(files=("in/*",)), tmp_path)
    assert (first.text, first.source, first.origin, first.licence) == ("one", "s", "in/a.jsonl@0", "unknown")
    assert (second.text, second.origin) == ("two", "in/a.jsonl@16")
    assert first.group.startswith("text:")
    assert first.group != second.group


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(["", " ", '{"text": "a"}', '{"text": "' + "b" * 40 + '"}', "{bad", '{"text": "c"}\r'])
    ),
    part_bytes=st.integers(1, 70),
    last_newline=st.booleans(),
)
def test_the_results_are_the_same_however_the_file_is_cut(tmp_path, monkeypatch, lines, part_bytes, last_newline):
    (tmp_path / "a.jsonl").write_text('{"text": "first"}\n' + "\n".join(lines) + "\n" * last_newline)
    reader = JsonLines(files=("a.jsonl",))
    whole = read_all(reader, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(jsonl, "PART_BYTES", part_bytes)
        parts = reader.parts(tmp_path)
        assert sum(part.bytes for part in parts) == (tmp_path / "a.jsonl").stat().st_size
        assert [each for part in parts for each in reader.read(tmp_path, part, source="s")] == whole


def test_a_line_longer_than_a_part_is_read_once(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "PART_BYTES", 10)
    write_lines(tmp_path / "a.jsonl", [{"text": "x" * 95}, {"text": "y"}])
    assert texts(read_all(JsonLines(files=("a.jsonl",)), tmp_path)) == ["x" * 95, "y"]


def test_small_files_share_a_part_and_compressed_ones_are_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "PART_BYTES", 1_000)
    for number in range(20):
        write_lines(tmp_path / f"{number:02}.jsonl", [{"text": "t" * 80}])
    (tmp_path / "20.jsonl.gz").write_bytes(gzip.compress(b'{"text": "z"}\n' * 3_000, 0))
    parts = JsonLines(files=("*",)).parts(tmp_path)
    assert [len(part.files) for part in parts] == [10, 10, 1]
    assert parts[-1].files == ("20.jsonl.gz",)
    assert len({part.version for part in parts}) == 3


def test_compressed_files_give_what_plain_ones_give(tmp_path):
    lines = b'{"text": "one"}\n{"text": "two"}\n'
    for name, content in (
        ("a.jsonl", lines),
        ("b.jsonl.gz", gzip.compress(lines)),
        ("c.json.xz", lzma.compress(lines)),
        ("d.jsonl.zst", zstd.compress(lines[:16]) + zstd.compress(lines[16:])),
    ):
        (tmp_path / name).write_bytes(content)
    results = read_all(JsonLines(files=("*",)), tmp_path)
    assert texts(results) == ["one", "two"] * 4
    assert [each.origin for each in results[-2:]] == ["d.jsonl.zst@0", "d.jsonl.zst@16"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", NOT_JSON),
        (b'{"text": "\xff"}', NOT_JSON),
        (b"3", NOT_JSON),
        (b"null", NOT_JSON),
        (b"\0" * 50, NOT_JSON),
        (b"{'text': 'python'}", NOT_JSON),
        (b"[" * 200_000, NOT_JSON),
        (b'{"a": ' * 200_000, NOT_JSON),
        (b'{"text": 5}', "field 'text' is a number, not a string"),
        (b'{"text": true}', "field 'text' is a number, not a string"),
        (b'{"text": {}}', "field 'text' is an object, not a string"),
        (b'{"other": "x"}', "no field 'text'"),
        (b'{"text": "\\ud800"}', "not valid Unicode"),
    ],
)
def test_a_broken_line_costs_only_itself(tmp_path, line, reason):
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "before"}\n' + line + b'\n{"text": "after"}\n')
    before, broken, after = read_all(JsonLines(files=("a.jsonl",)), tmp_path)
    assert broken == Dropped("a.jsonl@19", reason, broken=True)
    assert (before.text, after.text) == ("before", "after")


@pytest.mark.parametrize("line", [b'{"text": ""}', b'{"text": null}', b'{"text": " \\r\\n\\t"}', b'{"text": []}'])
def test_an_empty_text_is_dropped_without_being_broken(tmp_path, line):
    (tmp_path / "a.jsonl").write_bytes(line)
    assert read_all(JsonLines(files=("a.jsonl",)), tmp_path) == [Dropped("a.jsonl@0", "empty")]


def test_what_python_writes_for_odd_floats_is_accepted_beside_the_text(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "t", "score": NaN, "name": "\\ud800", "big": 1e999}\n')
    assert texts(read_all(JsonLines(files=("a.jsonl",)), tmp_path)) == ["t"]


def test_line_ends_and_byte_order_marks_are_one(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(
        b'\xef\xbb\xbf{"text": "\\ufeffa\\r\\nb\\rc\\n"}\r\n\r\n{"text": "d\\u0085 "}\r\n'
    )
    assert texts(read_all(JsonLines(files=("a.jsonl",)), tmp_path)) == ["a\nb\nc\n", "d\u0085 "]


def test_a_line_that_is_too_long_is_broken_and_never_held(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "MAX_DOCUMENT_BYTES", 100_000)
    monkeypatch.setattr(jsonl, "BUFFER_BYTES", 10_000)
    with open(tmp_path / "a.jsonl", "wb") as stream:
        stream.write(b'{"text": "before"}\n{"text": "')
        for _ in range(300):
            stream.write(b"x" * 100_000)
        stream.write(b'"}\n{"text": "after"}\n')
    reader = JsonLines(files=("a.jsonl",))
    (part,) = reader.parts(tmp_path)
    tracemalloc.start()
    before, broken, after = reader.read(tmp_path, part, source="s")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert broken == Dropped("a.jsonl@19", TOO_LONG, broken=True)
    assert (before.text, after.text) == ("before", "after")
    assert peak < 3_000_000


@pytest.mark.parametrize("content", [b"", b"\n\n \n"])
def test_a_file_without_records_gives_nothing(tmp_path, content):
    (tmp_path / "a.jsonl").write_bytes(content)
    assert read_all(JsonLines(files=("a.jsonl",)), tmp_path) == []


@pytest.mark.parametrize("ending", [".gz", ".xz", ".zst"])
def test_a_truncated_file_gives_its_start_and_then_a_sentence(tmp_path, ending):
    lines = "".join(f'{{"text": "{number * 7919 % 100_003}"}}\n' for number in range(100_000)).encode()
    whole = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstd.compress}[ending](lines)
    (tmp_path / f"a.jsonl{ending}").write_bytes(whole[: len(whole) * 3 // 4])
    reader = JsonLines(files=("*",))
    (part,) = reader.parts(tmp_path)
    stream = reader.read(tmp_path, part, source="s")
    assert next(stream).text == "0"
    with pytest.raises(UsageError, match=rf"a\.jsonl{ending}' is no whole {ending} file .* get the file again"):
        list(stream)


def test_a_field_that_no_record_has_is_told_with_those_that_there_are(tmp_path):
    write_lines(tmp_path / "a.jsonl", [{"content": "x", "meta": {"licence": "MIT"}, "m": [{"body": "y"}]}])
    for reader, told in (
        (JsonLines(files=("*",)), "has no field 'text'.*content, m, m.*body, meta, meta.licence"),
        (JsonLines(files=("*",), text="content", licence="meta.license"), "did you mean 'meta.licence'"),
        (JsonLines(files=("*",), text="m[].text"), "did you mean .m"),
        (JsonLines(files=("*",), text="content", where={"lang": ("C",)}), "has no field 'lang'"),
    ):
        with pytest.raises(UsageError, match=told):
            reader.parts(tmp_path)


def test_a_field_that_only_some_records_have_is_taken(tmp_path):
    write_lines(tmp_path / "a.jsonl", [{"text": "x"}, {"text": "y", "licence": "MIT"}, {"text": "z", "licence": None}])
    found = read_all(JsonLines(files=("*",), licence="licence"), tmp_path)
    assert [each.licence for each in found] == ["unknown", "MIT", "unknown"]


def test_an_array_of_records_is_told_how_to_become_lines(tmp_path):
    (tmp_path / "a.json").write_text(' [\n{"text": "x"}]')
    with pytest.raises(UsageError, match=r"starts with an array.*jq"):
        JsonLines(files=("*",)).parts(tmp_path)


def test_an_archive_is_told_to_be_unpacked(tmp_path):
    (tmp_path / "a.zip").write_text("PK")
    with pytest.raises(UsageError, match=r"a\.zip.*unpack it"):
        JsonLines(files=("*",)).parts(tmp_path)


def test_a_recipe_declares_it_and_a_wrong_one_is_told_where(tmp_path):
    declared = {"reader": "jsonl", "files": ["*.jsonl"], "where": {"meta.set": ["A", 1, True]}}
    assert msgspec.convert(declared, JsonLines).where == {"meta.set": ("A", 1, True)}
    for wrong, told in (
        ({"files": []}, "length >= 1 - at `[$].files`"),
        ({"file": ["a"]}, "unknown field `file`"),
        ({"text": "a..b"}, "'a..b' is no path"),
        ({"text": "=constant"}, "`text` must name a field"),
        ({"text": "{a"}, "is no template"),
        ({"where": {"lang": []}}, "needs values"),
    ):
        with pytest.raises(msgspec.ValidationError, match=told):
            msgspec.convert({**declared, **wrong}, JsonLines)
