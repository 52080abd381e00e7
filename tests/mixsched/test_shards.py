"""Sources on disk: what was written is read, and what cannot be read is refused with the path that is wrong."""

import concurrent.futures
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mixsched import Rows, UsageError, open_rows

TOKENIZER = "ab" * 32


@pytest.fixture
def source(tmp_path: Path, write_source: Callable) -> object:
    rows = np.random.default_rng(0).integers(0, 2**16, (23, 9), np.uint16)
    return write_source(tmp_path / "text", rows, shards=3)


def edit_manifest(folder: Path, **fields: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
@pytest.mark.parametrize("shards", [1, 2, 5])
def test_rows_are_read_as_they_were_written_over_any_number_of_shards(
    tmp_path: Path, write_source: Callable, dtype: type, shards: int
) -> None:
    written = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (11, 6), dtype, endpoint=True)
    rows = open_rows(write_source(tmp_path / "code", written, shards=shards).folder)
    assert len(rows) == 11
    assert rows[7].dtype == dtype
    assert np.array_equal([rows[record] for record in range(11)], written)
    order = [10, 0, 5, 5, 3]
    assert np.array_equal(rows.__getitems__(order), written[order])


def test_an_opened_source_can_be_sent_to_a_worker(source: object) -> None:
    rows = open_rows(source.folder)
    assert np.array_equal(rows[4], source.rows[4])
    for sent in (rows, open_rows(source.folder)):
        there = pickle.loads(pickle.dumps(sent))
        assert isinstance(there, Rows)
        assert np.array_equal(there.__getitems__([22, 4]), source.rows[[22, 4]])
        assert there.manifest == source.manifest


def test_the_manifest_is_read_as_it_was_written(source: object) -> None:
    assert open_rows(source.folder, context_tokens=8, tokenizer=TOKENIZER).manifest == source.manifest
    assert str(source.folder) in repr(open_rows(source.folder))


def test_no_records_are_no_rows(source: object) -> None:
    assert open_rows(source.folder).__getitems__([]).shape == (0, 9)


@pytest.mark.parametrize("records", [[-1], [23], [0, 99]])
def test_a_record_that_is_none_is_refused(source: object, records: list[int]) -> None:
    rows = open_rows(source.folder)
    with pytest.raises(IndexError, match=r"records must lie in 0\.\.22, got"):
        rows.__getitems__(records)
    with pytest.raises(IndexError):
        rows[records[-1]]


def test_rows_of_another_length_than_the_manifest_says_are_named(source: object) -> None:
    manifest = source.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"context_tokens": 8', '"context_tokens": 9'))
    with pytest.raises(UsageError, match=r"the shard '.*-of-.*' holds rows of another length than its manifest says"):
        open_rows(source.folder)[5]


def test_many_threads_open_and_read_a_source_at_once(tmp_path: Path, write_source: Callable) -> None:
    written = np.arange(4_000, dtype=np.uint16).reshape(500, 8)
    rows = open_rows(write_source(tmp_path / "code", written, shards=5).folder)
    orders = [np.random.default_rng(seed).permutation(500) for seed in range(16)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda order: rows.__getitems__(order.tolist()), orders))
    assert all(np.array_equal(part, written[order]) for part, order in zip(found, orders, strict=True))


def test_a_folder_without_a_manifest_is_no_source(source: object) -> None:
    (source.folder / "manifest.json").unlink()
    with pytest.raises(UsageError, match=f"'{source.folder}' holds no manifest.json"):
        open_rows(source.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "{}", '{"shards": [{"file": "x"}]}', '{"shards": 5}', "\x00"])
def test_a_damaged_manifest_is_named(source: object, text: str) -> None:
    path = source.folder / "manifest.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=f"'{path}' is not a manifest"):
        open_rows(source.folder)


def test_a_manifest_that_is_no_text_is_named(source: object) -> None:
    path = source.folder / "manifest.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=f"'{path}' is not a manifest"):
        open_rows(source.folder)


def test_a_missing_shard_is_named(source: object) -> None:
    path = source.folder / "00001-of-00003.array_record"
    path.unlink()
    with pytest.raises(UsageError, match=f"the shard '{path}' is missing"):
        open_rows(source.folder)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_shard_of_another_size_is_named_with_both_sizes(source: object, change: int) -> None:
    path = source.folder / "00002-of-00003.array_record"
    content = path.read_bytes()
    path.write_bytes((content + b"\0")[: len(content) + change])
    said = f"the shard '{path}' has {len(content) + change} bytes, its manifest says {len(content)}"
    with pytest.raises(UsageError, match=said):
        open_rows(source.folder)


def test_rows_of_another_context_are_refused_with_both(source: object) -> None:
    with pytest.raises(UsageError, match=f"the rows in '{source.folder}' have context 8, this run needs 16"):
        open_rows(source.folder, context_tokens=16)


def test_rows_of_another_tokenizer_are_refused_with_both(source: object) -> None:
    said = rf"the rows in '{source.folder}' were made with another tokenizer \(abababababab, not cdcdcdcdcdcd\)"
    with pytest.raises(UsageError, match=said):
        open_rows(source.folder, tokenizer="cd" * 32)


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"format": 2}, "has format 2, this version reads 1"), ({"dtype": "int64"}, "has dtype 'int64'")],
)
def test_another_format_or_dtype_is_refused(source: object, fields: dict, said: str) -> None:
    edit_manifest(source.folder, **fields)
    with pytest.raises(UsageError, match=f"'{source.folder}/manifest.json' {said}"):
        open_rows(source.folder)


def test_a_later_format_with_further_fields_is_told_as_a_format(source: object) -> None:
    edit_manifest(source.folder, format=2, languages=["en"])
    with pytest.raises(UsageError, match="has format 2"):
        open_rows(source.folder)


def test_rows_that_the_shards_do_not_hold_are_refused(source: object) -> None:
    edit_manifest(source.folder, rows=24)
    with pytest.raises(UsageError, match=f"'{source.folder}"):
        open_rows(source.folder)
