"""Rows of Parquet become the same documents however the row groups are cut, with only the named columns read."""

import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mixsched.errors import UsageError
from train.corpora.document import Document
from train.prepare.readers import parquet
from train.prepare.readers.parquet import Parquet
from train.prepare.readers.reader import Dropped


def read_all(reader, data):
    return [each for part in reader.parts(data) for each in reader.read(data, part, source="s")]


def write(path, records, **options):
    pq.write_table(pa.Table.from_pylist(records), path, **options)


def test_rows_become_documents_with_their_place(tmp_path):
    records = [
        {"content": "x = 1", "lang": "Python", "licences": ["MIT", "ISC"], "meta": {"repo": "a/b", "stars": 3}},
        {"content": None, "lang": "C", "licences": None, "meta": None},
        {"content": "int x;", "lang": "C", "licences": [], "meta": {"repo": None, "stars": 1}},
    ]
    write(tmp_path / "a.parquet", records)
    reader = Parquet(files=("*",), text="content", language="lang", licence="licences", group="meta.repo")
    first, second, third = read_all(reader, tmp_path)
    assert first == Document("x = 1", "s", "a.parquet#0", "MIT AND ISC", "a/b", "Python")
    assert second == Dropped("a.parquet#1", "empty")
    assert (third.origin, third.licence, third.group[:5]) == ("a.parquet#2", "unknown", "text:")


def test_the_results_are_the_same_however_the_file_is_cut(tmp_path, monkeypatch):
    records = [{"text": f"text {number} " * (number % 50), "other": "o" * 100} for number in range(1_000)]
    for name in ("a.parquet", "b.parquet", "c.parquet"):
        write(tmp_path / name, records, row_group_size=30)
    reader = Parquet(files=("*",))
    together = reader.parts(tmp_path)
    assert [part.files for part in together] == [("a.parquet", "b.parquet", "c.parquet")]
    whole = [each for part in together for each in reader.read(tmp_path, part, source="s")]
    assert [each.origin for each in whole[-1_000:]] == [f"c.parquet#{row}" for row in range(1_000)]
    for part_bytes in (1, 3_000):
        monkeypatch.setattr(parquet, "PART_BYTES", part_bytes)
        assert len(reader.parts(tmp_path)) > 10
        assert read_all(reader, tmp_path) == whole


def test_lists_of_structs_and_structs_of_structs_have_paths(tmp_path):
    records = [
        {
            "id": 1,
            "m": [{"role": "u", "body": "one"}, {"role": "a", "body": "two"}],
            "deep": {"er": {"x": "X", "y": 0}},
        },
        {"id": 2, "m": [], "deep": {"er": None}},
    ]
    write(tmp_path / "a.parquet", records)
    reader = Parquet(files=("*",), text="{m[].body}\n\n{deep.er.x}", where={"id": (1,)})
    first, second = read_all(reader, tmp_path)
    assert first.text == "one\n\ntwo\n\nX"
    assert second == Dropped("a.parquet#1", "where: id is 2")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": "txt"}, "has no field 'txt'.*did you mean 'text'"),
        ({"licence": "meta.license"}, "has no field .*did you mean 'meta.licence'"),
        ({"where": {"lang": ("C",)}}, "has no field 'lang'.*known: m, m.*body, meta, meta.licence, text"),
        ({"text": "text[]"}, "has no field"),
        ({"text": "m.body"}, "has no field"),
    ],
)
def test_a_column_that_is_missing_is_told_with_those_that_there_are(tmp_path, fields, told):
    write(tmp_path / "a.parquet", [{"text": "t", "meta": {"licence": "MIT"}, "m": [{"body": "b"}]}])
    with pytest.raises(UsageError, match=r"'a\.parquet' " + told):
        Parquet(files=("*",), **fields).parts(tmp_path)


def test_a_second_file_of_another_shape_is_told(tmp_path):
    write(tmp_path / "a.parquet", [{"text": "t"}])
    write(tmp_path / "b.parquet", [{"content": "t"}])
    with pytest.raises(UsageError, match=r"'b\.parquet' has no field 'text'"):
        Parquet(files=("*",)).parts(tmp_path)


def test_a_string_that_is_not_utf8_costs_only_its_row(tmp_path):
    column = pa.array([b"one", b"\xff", "zwölf".encode()])
    strings = pa.Array.from_buffers(pa.string(), 3, column.buffers())
    pq.write_table(pa.table({"text": strings}), tmp_path / "a.parquet")
    first, second, third = read_all(Parquet(files=("*",)), tmp_path)
    assert (first.text, third.text) == ("one", "zwölf")
    assert second == Dropped("a.parquet#1", "not UTF-8", broken=True)


def test_columns_of_bytes_and_of_numbers(tmp_path):
    write(tmp_path / "a.parquet", [{"data": b"text", "number": 5}])
    assert read_all(Parquet(files=("*",), text="data"), tmp_path)[0].text == "text"
    (dropped,) = read_all(Parquet(files=("*",), text="number"), tmp_path)
    assert dropped == Dropped("a.parquet#0", "field 'number' is a number, not a string", broken=True)


def test_files_without_rows_give_nothing(tmp_path):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    assert read_all(Parquet(files=("*",)), tmp_path) == []


@pytest.mark.parametrize("damage", ["truncated", "no bytes", "text", "page"])
def test_a_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "a.parquet"
    write(path, [{"text": f"text {number}"} for number in range(5_000)], compression="zstd")
    whole = bytearray(path.read_bytes())
    page = whole[:]
    page[4:4_000] = b"\xff" * 3_996
    path.write_bytes({"truncated": whole[:-9], "no bytes": b"", "text": b'{"text": "t"}\n' * 9, "page": page}[damage])
    with pytest.raises(UsageError, match=r"a\.parquet' is no whole Parquet file .*; get the file again"):
        read_all(Parquet(files=("*",)), tmp_path)


def test_large_rows_are_read_in_small_batches(tmp_path):
    """A row group of 64 MB never stands in memory as a whole, only a page of it, here of about 1 MB."""
    write(tmp_path / "a.parquet", [{"text": f"{number:08}" * 12_500} for number in range(640)], write_batch_size=8)
    reader = Parquet(files=("*",))
    (part,) = reader.parts(tmp_path)
    before = pa.total_allocated_bytes()
    peak = 0
    for _ in reader.read(tmp_path, part, source="s"):
        peak = max(peak, pa.total_allocated_bytes() - before)
    assert 0 < peak < 30_000_000


LONG = "x" * 900_000
IN_TEXT = {"text": LONG}, {"text": "text"}
IN_STRUCT = {"meta": {"content": LONG}}, {"text": "meta.content"}
IN_LIST = {"turns": [{"content": LONG}]}, {"text": "{turns[].content}"}


def read_with_peak(reader, data) -> tuple[list, int]:
    """Lengths or reasons of all that is read, and how many bytes Arrow and Python held at once for it, at most."""
    before = pa.total_allocated_bytes()
    read, peak = [], 0
    tracemalloc.start()
    for part in reader.parts(data):
        for each in reader.read(data, part, source="s"):
            read.append(each.reason if isinstance(each, Dropped) else len(each.text))
            peak = max(peak, pa.total_allocated_bytes() - before)
    peak += tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return read, peak


@pytest.mark.parametrize(("record", "fields"), [IN_TEXT, IN_STRUCT, IN_LIST])
def test_a_string_that_a_thousand_rows_name_is_held_once(tmp_path, record, fields):
    write(tmp_path / "a.parquet", [record] * 1_000, compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 2_000
    read, peak = read_with_peak(Parquet(files=("*",), **fields), tmp_path)
    assert read == [900_000] * 1_000
    assert peak < 30_000_000


def test_such_a_string_is_held_once_in_a_column_that_is_large_on_disk(tmp_path):
    """Here the strings that follow are written in full, and all of them are never held."""
    records = [{"text": None}, *[{"text": LONG}] * 300, *({"text": f"{number:08}" * 2_000} for number in range(3_000))]
    write(tmp_path / "a.parquet", records, compression="zstd", write_batch_size=8)
    assert pq.read_metadata(tmp_path / "a.parquet").row_group(0).total_byte_size > 40_000_000
    read, peak = read_with_peak(Parquet(files=("*",)), tmp_path)
    assert read == ["empty", *[900_000] * 300, *[16_000] * 3_000]
    assert peak < 60_000_000


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.string()), pa.large_list(pa.string()), pa.list_(pa.string(), 50), pa.map_(pa.string(), pa.string())],
)
def test_a_row_that_names_a_string_too_often_is_no_document(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(parquet, "MAX_ROW_BYTES", 40_000_000)

    def fifty(string):
        return [(str(number), string) if pa.types.is_map(kind) else string for number in range(50)]

    table = pa.table({"text": ["a", "b", "c"], "m": pa.array([fifty("short"), fifty(LONG), fifty("short")], kind)})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    read, peak = read_with_peak(Parquet(files=("*",), group="m"), tmp_path)
    assert read[1] == "longer than 16 MB"
    assert read[0] == read[2] != read[1]
    assert peak < 10_000_000


def test_a_row_of_millions_of_empty_strings_is_no_document(tmp_path):
    write(tmp_path / "a.parquet", [{"text": "a", "m": [""] * 5_000_000}, {"text": "b", "m": [""]}], compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    read, peak = read_with_peak(Parquet(files=("*",), group="m"), tmp_path)
    assert read == ["longer than 16 MB", 1]
    assert peak < 100_000_000


def test_conversations_of_a_large_file_are_not_held(tmp_path):
    """Nearly all strings are others, and a list of them would be all of the row group."""
    records = [{"m": [{"role": "user", "content": f"{number:08}" * 1_000}] * 3} for number in range(4_000)]
    for number, record in enumerate(records):
        record["m"] = [
            turn | {"content": f"{turn['content']}{number}-{place}"} for place, turn in enumerate(record["m"])
        ]
    write(tmp_path / "a.parquet", records, write_batch_size=8)
    assert pq.read_metadata(tmp_path / "a.parquet").row_group(0).total_byte_size > 90_000_000
    read, peak = read_with_peak(Parquet(files=("*",), text="{m[].content}"), tmp_path)
    assert len(read) == 4_000
    assert min(read) > 3 * 8_000
    assert peak < 60_000_000


def test_other_large_fields_of_a_row_cost_no_document(tmp_path):
    most = 16_000_000
    write(tmp_path / "a.parquet", [{"text": "x" * (most - 9), "group": "g" * 9_000_000}, {"text": "x" * most}])
    read, _ = read_with_peak(Parquet(files=("*",), group="group"), tmp_path)
    assert read == [most - 9, most]
