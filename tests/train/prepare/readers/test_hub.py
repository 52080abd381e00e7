"""Data sets that `datasets` streams, tried on local files; without the package one sentence says to install it."""

import json
import sys
import types

import pytest

from mixsched.errors import UsageError
from train.prepare.readers.hub import Hub


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("a", "b"):
        records = [{"content": f"{name} {number}", "meta": {"id": number}, "tags": ["x"]} for number in range(3)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return tmp_path


def test_without_the_package_it_is_told_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    (tmp_path / "a.jsonl").write_text("{}")
    with pytest.raises(UsageError, match="needs datasets and huggingface_hub; `pip install datasets huggingface_hub`"):
        Hub(dataset="json", data_files=("*.jsonl",)).parts(tmp_path)


def test_a_data_set_of_the_hub_is_read_at_the_commit_that_its_parts_were_made_of(tmp_path, monkeypatch):
    asked = []

    class Rows(list):
        num_shards, info, column_names = 2, types.SimpleNamespace(download_size=100), ["text", "picture"]

        def shard(self, *, num_shards, index):
            return Rows(self[index::num_shards])

        def select_columns(self, names):
            return [{name: row[name] for name in names} for row in self]

    def load_dataset(path, **options):
        asked.append((path, options["revision"], options["streaming"]))
        return Rows({"text": f"t{row}", "picture": 0} for row in range(4))

    class HfApi:
        def dataset_info(self, name, *, revision):
            return types.SimpleNamespace(sha=f"sha of {name} at {revision}")

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(HfApi=HfApi))
    reader = Hub(dataset="a/b", config="c", revision="main")
    parts = reader.parts(tmp_path)
    assert [(part.start, part.bytes, part.version) for part in parts] == [
        (0, 50, "sha of a/b at main"),
        (1, 50, "sha of a/b at main"),
    ]
    found = [each for part in parts for each in reader.read(tmp_path, part, source="s")]
    assert [(each.text, each.origin) for each in found][-1] == ("t3", "a/b/c/train/1#1")
    assert set(asked) == {("a/b", "sha of a/b at main", True)}


def test_shards_are_parts_and_rows_are_documents(data):
    reader = Hub(dataset="json", data_files=("*.jsonl",), text="content", group="g{meta.id}")
    parts = reader.parts(data)
    assert [(part.start, part.stop) for part in parts] == [(0, 1), (1, 2)]
    found = [each for part in parts for each in reader.read(data, part, source="s")]
    assert [each.text for each in found] == ["a 0", "a 1", "a 2", "b 0", "b 1", "b 2"]
    assert (found[4].origin, found[4].group, found[4].source) == ("json/train/1#1", "g1", "s")
    assert found == [each for part in reader.parts(data) for each in reader.read(data, part, source="s")]


def test_the_version_follows_the_files(data):
    reader = Hub(dataset="json", data_files=("*.jsonl",), text="content")
    before = reader.parts(data)[0].version
    (data / "a.jsonl").write_text('{"content": "new"}\n')
    assert reader.parts(data)[0].version != before


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": "contents"}, "has no field 'contents'.*did you mean 'content'"),
        ({"text": "meta.name"}, "has no field 'meta.name'"),
        ({"split": "test"}, "cannot be streamed"),
        ({"data_files": ("missing*",)}, "'missing[*]' matches no file"),
        ({"dataset": "nobody/nothing", "data_files": None}, "'nobody/nothing' cannot be streamed"),
    ],
)
def test_what_cannot_be_read_is_told(data, fields, told):
    with pytest.raises(UsageError, match=told):
        Hub(**{"dataset": "json", "data_files": ("*.jsonl",), "text": "content", **fields}).parts(data)
