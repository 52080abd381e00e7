"""Recipes: what may stand in them, what a folder's own is, and one sentence for every mistake."""

import json
import subprocess
from pathlib import Path

import pytest

from mixsched.errors import UsageError
from mixsched.toml import from_toml
from train.prepare.finding import find_recipe, recipe_text
from train.prepare.recipe import RECIPES, parse_recipe, read_recipe

INPUT = {"reader": "jsonl", "files": ["a.jsonl"]}


def with_source(**fields) -> dict:
    return {"sources": {"web_code": {"inputs": [INPUT], **fields}}}


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, r"missing required field `sources`"),
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
        (with_source(inputs=[{"reader": "jsonl"}]), r"missing required field `files` at `inputs\[0\]`"),
        (with_source(inputs=[{**INPUT, "files": "a.jsonl"}]), r"expected `array`, got `str` at `inputs\[0\].files`"),
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


def test_the_recipe_of_a_folder_follows_from_what_it_holds(tmp_path):
    project = tmp_path / "My project.d"
    project.mkdir()
    (project / "a.py").write_text("x = 1\n")
    (project / "b.md").write_text("# b\n")
    (project / "c.ipynb").write_text("{}")
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    recipe, data, name = find_recipe(str(project))
    assert (data, name) == (project, "My-project")
    readers = {source: [type(each).__name__ for each in held.inputs] for source, held in recipe.sources.items()}
    assert readers == {"web_code": ["Folder"], "markup": ["Folder"], "adjacent": ["Notebooks", "Git"]}


def test_the_recipe_of_json_lines_takes_the_first_field_that_can_be_text(tmp_path):
    lines(tmp_path / "a.jsonl", {"id": 1, "content": "x"})
    recipe, data, name = find_recipe(str(tmp_path / "a.jsonl"))
    [reader] = recipe.sources["a"].inputs
    assert (reader.text, reader.files, data, name) == ("content", ("a.jsonl",), tmp_path, "a")
    lines(tmp_path / "b.jsonl", {"id": 1, "prose": "x"})
    with pytest.raises(UsageError, match=r"no field text, content, code or body, it has id, prose; write a recipe"):
        find_recipe(str(tmp_path / "b.jsonl"))


def test_documents_that_name_their_sources_become_these(tmp_path):
    fields = {"origin": "o", "licence": "MIT", "group": "g"}
    lines(tmp_path / "mixed.jsonl", {"text": "a", "source": "one", **fields}, {"text": "b", "source": "two", **fields})
    lines(tmp_path / "one.jsonl", {"text": "c", "source": "one", **fields})
    recipe, _, _ = find_recipe(str(tmp_path))
    inputs = {name: [(each.files, each.where) for each in source.inputs] for name, source in recipe.sources.items()}
    mixed = ("mixed.jsonl",)
    assert inputs == {
        "one": [(("one.jsonl",), {}), (mixed, {"source": ("one",)})],
        "two": [(mixed, {"source": ("two",)})],
    }


def test_a_folder_of_nothing_that_can_be_read_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    with pytest.raises(UsageError, match=r"holds neither text, code, notebooks"):
        find_recipe(str(tmp_path))
    with pytest.raises(UsageError, match=r"is neither JSON lines, Parquet nor a folder"):
        find_recipe(str(tmp_path / "a.png"))
