"""Recipes: what may stand in them, what a folder's own is, and one sentence for every mistake."""

import json
from pathlib import Path

import pytest

from mixsched.errors import UsageError
from mixsched.toml import from_toml
from train.prepare.finding import data_folder, find_recipe
from train.prepare.recipe import RECIPES, parse_recipe, read_recipe
from train.prepare.written import recipe_text

INPUT = {"reader": "jsonl", "files": ["a.jsonl"]}


def with_source(**fields) -> dict:
    return {"sources": {"web_code": {"inputs": [INPUT], **fields}}}


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, r"the key 'sources' is missing; add it"),
        ({"sources": {}}, r"`sources` must name at least one"),
        ({"sources": {"../up": {"inputs": [INPUT]}}}, r"the source '../up' must be named by letters"),
        (with_source(inputs=[]), r"\[sources.web_code\] .*`inputs` must name at least one"),
        (with_source(near_duplicate=0.8), r"no key 'near_duplicate'; did you mean 'near_duplicates'\?"),
        (with_source(filters={"min_byte": 1}), r"no key 'min_byte' at `filters`; did you mean 'min_bytes'\?"),
        (
            with_source(inputs=[{"reader": "jsonl", "file": ["a"]}]),
            r"no key 'file' at `inputs\[0\]`; did you mean 'files'",
        ),
        (with_source(inputs=[{"reader": "json", "files": ["a"]}]), r"no reader 'json'.*; did you mean 'jsonl'\?"),
        (with_source(inputs=[{"reader": "jsonl"}]), r"the key 'files' is missing at `inputs\[0\]`"),
        (
            with_source(inputs=[{**INPUT, "files": "a.jsonl"}]),
            r'a list \[..\] is expected at `inputs\[0\].files`, not text in quotes; write files = \["a.jsonl"\]',
        ),
        (
            with_source(inputs={"reader": "jsonl"}),
            r"not a table; begin each input with \[\[sources.web_code.inputs\]\], in double brackets",
        ),
        (
            with_source(inputs=[{"reader": "folder", "folder": ".", "text": "x"}]),
            r"no key 'text' at `inputs\[0\]`; known: exclude, folder, group, kinds, languages, licence, patterns$",
        ),
        (
            with_source(inputs=[{"reader": "folder", "folder": ".", "kinds": ["coda"]}]),
            r"no 'coda' at `inputs\[0\].kinds\[0\]`; did you mean 'code'\? Known: code, markup, text",
        ),
        (with_source(inputs=[{"reader": "synthetic", "count": 1}]), r"the key 'seed' is missing at `inputs\[0\]`; add"),
        (with_source(inputs=[{"files": ["a"]}]), r"'reader' is missing .*; add it, one of folder, git, huggingface"),
        (
            with_source(inputs=[{"reader": 5}]),
            r"text in quotes is expected at `inputs\[0\].reader`, not a whole number;",
        ),
        (with_source(inputs=[{**INPUT, "files": []}]), r"the list at `inputs\[0\].files` is empty"),
        (
            with_source(inputs=[{**INPUT, "where": {"a": "b"}}]),
            r"a list .* at `inputs\[0\].where\[...\]`, not text in quotes; put it into brackets",
        ),
        (
            with_source(max_bytes="5"),
            r"a whole number is expected at `max_bytes`, not text in quotes; write it without",
        ),
        (with_source(max_bytes=1.5), r"a whole number is expected at `max_bytes`, not a number with a point"),
        (with_source(filters={"drop_xml": 1}), r"true or false is expected at `filters.drop_xml`, not a whole number"),
        ({**with_source(), "description": 5}, r'text in quotes is expected .*; write description = "5"'),
        ({"sources": {"a" * 101: {"inputs": [INPUT]}}}, r"a name of 101 characters, more than 100"),
        ({"sources": {"corpus.json": {"inputs": [INPUT]}}}, r"'corpus.json' has the name of a file that lies beside"),
        ({"sources": {"tokenizer.model": {"inputs": [INPUT]}}}, r"'tokenizer.model' has the name of a file"),
        (with_source(near_duplicates=80), r"`near_duplicates` must lie between 0 and 1, got 80"),
        (with_source(shares={"Java": 50, "Go": 45}), r"`shares` must be above 0 and add up to 100 .* add up to 95"),
        (with_source(shares={"Java": 110, "Go": -10}), r"`shares` must be above 0"),
        (with_source(max_bytes=0), r"`max_bytes` must be at least 1, got 0"),
        (with_source(heldout_share=1), r"`heldout_share` must lie in 0..1"),
        ({**with_source(), "heldout_share": -0.1}, r"`heldout_share` must lie in 0..1, 1 excluded, got -0.1"),
        ({**with_source(), "broken": 0.1}, r"no key 'broken'; did you mean 'broken_share'"),
        (
            {**with_source(), "tokenizer": {"weights": {"web_cod": 1}}},
            r"'web_cod'; did you mean 'web_code'",
        ),
        ({**with_source(), "tokenizer": {"weights": {"web_code": 0}}}, r"at least one source above 0"),
        ({**with_source(), "tokenizer": {"words": 5}}, r"no key 'words' at `tokenizer`; known: .*vocab_size"),
    ],
)
def test_a_mistake_in_a_recipe_is_named_with_its_place(tables, words):
    with pytest.raises(UsageError, match=words):
        parse_recipe(tables, where="'mine.toml'")


def test_a_file_that_is_no_recipe_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_text("sources = [")
    with pytest.raises(UsageError, match=r"mine.toml' is not TOML: "):
        read_recipe(tmp_path / "mine.toml")
    with pytest.raises(UsageError, match=r"there is no recipe '.*other.toml'; name a .toml file, or one of bundled"):
        find_recipe(str(tmp_path / "other.toml"))
    with pytest.raises(UsageError, match=r"there is no recipe, folder or file 'bundle'; did you mean 'bundled'\?"):
        find_recipe("bundle")


@pytest.mark.parametrize("name", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_the_recipes_here_read_and_print_as_they_are(name):
    recipe, data, _ = find_recipe(name)
    assert parse_recipe(from_toml(recipe_text(recipe, data)), where=name) == read_with_data(recipe, data)


def read_with_data(recipe, data):
    import msgspec

    return msgspec.structs.replace(recipe, data=str(data.absolute()))


def lines(path: Path, *records: dict) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_a_byte_order_mark_before_a_recipe_is_no_part_of_it(tmp_path):
    text = '[[sources.a.inputs]]\nreader = "jsonl"\nfiles = ["a.jsonl"]\n'
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert list(read_recipe(tmp_path / "mine.toml")[0].sources) == ["a"]


def test_the_folder_of_the_data_is_told_where_it_is_missing(tmp_path):
    (tmp_path / "recipes").mkdir()
    path = tmp_path / "recipes" / "mine.toml"
    path.write_text('data = "../data"\n[[sources.a.inputs]]\nreader = "jsonl"\nfiles = ["a.jsonl"]\n')
    _, data, name = find_recipe(str(path))
    assert data == tmp_path / "data"
    with pytest.raises(
        UsageError, match=r"no folder '.*/data', where .*; put the data there, or name `--data`"
    ) as told:
        data_folder(data, name, given=None)
    assert ".." not in str(told.value)
    with pytest.raises(UsageError, match=r"run `make desk`"):
        data_folder(data, "desk", given=None)
    with pytest.raises(UsageError, match=r"`--data`: there is no folder '.*/other'"):
        data_folder(data, name, given=tmp_path / "other")
    assert data_folder(data, name, given=tmp_path) == tmp_path


def test_a_recipe_is_printed_as_a_person_would_write_it():
    files = [f"a-long-name-of-a-file-{number}.jsonl" for number in range(4)]
    tables = {
        "tokenizer": {"vocab_size": 500},
        "sources": {
            "b.c": {"inputs": [{"reader": "jsonl", "files": files}], "filters": {"min_words": 5}, "max_bytes": 9},
            "a": {"inputs": [INPUT, {"reader": "git", "repository": "."}]},
        },
    }
    recipe = parse_recipe(tables, where="this")
    text = recipe_text(recipe, Path("/data"))
    assert (
        text
        == """\
description = ""
data = "/data"
heldout_share = 0.05
broken_share = 0.01

[tokenizer]
vocab_size = 500

[sources."b.c"]
filters = { min_words = 5 }
max_bytes = 9

[[sources."b.c".inputs]]
reader = "jsonl"
files = [
    "a-long-name-of-a-file-0.jsonl",
    "a-long-name-of-a-file-1.jsonl",
    "a-long-name-of-a-file-2.jsonl",
    "a-long-name-of-a-file-3.jsonl",
]

[sources.a]

[[sources.a.inputs]]
reader = "jsonl"
files = ["a.jsonl"]

[[sources.a.inputs]]
reader = "git"
repository = "."
"""
    )
    assert parse_recipe(from_toml(text), where="this") == read_with_data(recipe, Path("/data"))
