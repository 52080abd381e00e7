"""What the README of `prepare` shows is true: its recipe is one, and its tables name every key there is."""

import re
import textwrap
from pathlib import Path
from typing import get_args

import msgspec

from mixsched.toml import from_toml
from train.corpora.document import FIELD_NAMES
from train.prepare.filters.benchmarks import Decontaminate
from train.prepare.filters.limits import Filters
from train.prepare.readers.records import RecordReader
from train.prepare.recipe import Input, Recipe, Source, TokenizerChoice, parse_recipe
from train.prepare.record_files import ENOUGH, TEXT_FIELDS
from train.scales import SCALES

FOLDER = Path("train/prepare")
README = (FOLDER / "README.md").read_text()


def test_the_recipe_shown_is_one():
    shown = README[README.index('    description = "Our') : README.index("Documents of one **group**")]
    recipe = parse_recipe(from_toml(textwrap.dedent(shown)), where="the README's recipe")
    assert list(recipe.sources) == ["pages", "web_code", "synthetic"]
    for struct in (Recipe, Source, TokenizerChoice):
        for field in set(struct.__struct_fields__) - {"model", "keep_changed"}:
            assert re.search(rf"\b{field}\b", shown), field
    assert "`model = " in README
    assert "`keep_changed = " in README


def test_the_defaults_are_as_it_says():
    shown = {
        Recipe: ("heldout_share", "broken_share"),
        TokenizerChoice: ("sample_bytes",),
        Decontaminate: ("words",),
    }
    for struct, names in shown.items():
        defaults = {field.name: field.default for field in msgspec.structs.fields(struct)}
        for name in names:
            [line] = re.findall(rf"^    {name} = .*#.* by default$", README, re.MULTILINE)
            assert re.search(rf"\b{defaults[name]:,} by default$", line), line
    assert f"(nano: {SCALES['nano'].model.vocab_size:,})" in README


def test_what_it_says_of_a_folder_is_so():
    said = README[README.index("## A folder or a file") : README.index("## A recipe")]
    for field in (*FIELD_NAMES, *TEXT_FIELDS, "vendor", "node_modules", "site-packages", "build", "dist", "target"):
        assert f"`{field}`" in said, field
    assert f"fewer than {ENOUGH} files or records" in said


def test_every_reader_is_listed_with_every_key():
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", README, re.MULTILINE))
    assert rows.keys() - {"reader"} == {reader.__struct_config__.tag for reader in get_args(Input)}
    for reader in get_args(Input):
        row = rows[reader.__struct_config__.tag]
        assert ("those of records" in row) == issubclass(reader, RecordReader)
        shared = RecordReader.__struct_fields__ if issubclass(reader, RecordReader) else ()
        for field in set(reader.__struct_fields__) - set(shared):
            assert f"`{field}`" in row, field
    for field in RecordReader.__struct_fields__:
        assert f"`{field}" in README, field


def test_every_filter_is_listed():
    table = README[README.index("### Filters") : README.index("## How it works")]
    for field in Filters.__struct_fields__:
        assert f"`{field}`" in table, field


def test_every_link_leads_somewhere():
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (FOLDER / link).exists(), link
