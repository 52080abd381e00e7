"""Files that others wrote, changed at random: whoever reads one raises UsageError or reads it, and nothing else."""

import contextlib
import copy
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.judge.cache import ReplyCache
from eval.judge.judgement import Judgement
from eval.judge.kept import read_judgements
from eval.judge.pairs import Comparison
from eval.judge.prompt import Reply
from eval.results import read_rows
from eval.rundir import RunFolder, read_config, read_plan
from experiments.grid.state import last_line, measured
from figures.read import read_run
from mixsched import Plan
from mixsched.audit import audited, read_lines
from mixsched.errors import UsageError
from mixsched.planfile import read_planfile
from mixsched.shards import open_rows
from mixsched.toml import to_toml
from train.amend import read_change
from train.prepare.readers.notebooks import notebook_text
from train.prepare.recipe import read_recipe
from train.prepare.record import read_record, read_sound_manifest

RECIPE = {
    "data": "somewhere",
    "heldout_share": 0.1,
    "tokenizer": {"vocab_size": 640, "weights": {"text": 0.5}},
    "sources": {
        "text": {
            "inputs": [
                {"reader": "jsonl", "files": ["a/*.jsonl"], "text": "{title}\n\n{body}", "where": {"lang": ["en"]}}
            ],
            "near_duplicates": 0.7,
            "shares": {"Python": 60.0, "others": 40.0},
        },
        "code": {"inputs": [{"reader": "folder", "folder": ".", "languages": ["Python"]}], "max_per_group": 3},
    },
}
CHANGE = {
    "weights": {"text": 0.5, "code": {"share": "1/2", "of": {"web_code": 0.75, "markup": 0.25}}},
    "at_step": 4,
    "until_step": 9,
    "reason": "math came in late",
}
RAMP = {"weights": {"ramp": {"start": {"text": 1}, "end": {"text": 0.5, "markup": 0.5}, "shape": "cosine"}}}
JUDGED = dataclasses.asdict(Comparison("dolly", "a", 3, "b", 3)) | dataclasses.asdict(
    Judgement("1", "1", "openai:x", "why?", "so", "thus", ["a", "tie"], [Reply("[[A]]", "stop", 3, 4)] * 2, [0.5, None])
)
REPLY = {"key": "0f"} | dataclasses.asdict(Reply("[[A]]", "stop", 3, None))
NOTEBOOK = {
    "cells": [{"cell_type": "code", "source": ["a = 1\n", "a"]}, {"cell_type": "markdown", "source": "# A"}],
    "metadata": {"kernelspec": {"language": "R"}, "language_info": {"name": "R"}},
}


@pytest.fixture(scope="module")
def folder(finished_run: RunFolder, shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and the source that it was trained on, for files to be changed in."""
    folder = tmp_path_factory.mktemp("fuzzed")
    shutil.copytree(finished_run.path, folder / "run", ignore=shutil.ignore_patterns("checkpoints"))
    shutil.copytree(shards / "text", folder / "text")
    shutil.copy(shards / "corpus.json", folder)
    plan = read_plan(finished_run).amend(9, {"text": 0.5, "new": 0.5}, sources={"new": 90}, reason="it came")
    declared = {name: value for name, value in plan.to_json().items() if name != "fingerprint"}
    (folder / "amended.json").write_text(json.dumps(declared | {"limits": {"markup": {"epochs": "4"}}}))
    plan.save(folder / "solved.plan")
    for name, value in (("recipe", RECIPE), ("change", CHANGE), ("ramp", RAMP)):
        (folder / f"{name}.toml").write_text(to_toml(value))
    for name, value in (("judged", JUDGED), ("reply", REPLY)):
        (folder / f"{name}.jsonl").write_text(json.dumps(value) + "\n")
    (folder / "notebook.json").write_text(json.dumps(NOTEBOOK))
    return folder


def read_source(folder: Path) -> None:
    rows = open_rows(folder / "text")
    rows.__getitems__([0, len(rows) - 1])


def read_audit(folder: Path) -> None:
    plan = read_plan(RunFolder(folder / "run"))
    audited(plan, read_lines(folder / "run" / "metrics.jsonl", plan))


def read_solved(folder: Path) -> None:
    Plan.load(folder / "solved.plan").batches(0, 9)


def read_cache(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place, ReplyCache(Path(shutil.copy(folder / "reply.jsonl", place))) as cache:
        cache.get("0f")


def read_notebook(folder: Path) -> None:
    # What it says of a notebook is a reason to drop it.
    try:
        notebook_text((folder / "notebook.json").read_bytes())
    except ValueError as error:
        raise UsageError(str(error)) from error


def read_grid(folder: Path) -> None:
    last_line(folder / "run" / "metrics.jsonl")
    measured(folder / "run" / "results.jsonl", 32)


# By the file that is changed, who reads it.
READERS: dict[str, list[Callable[[Path], Any]]] = {
    "run/config.json": [lambda folder: read_config(RunFolder(folder / "run"))],
    "run/results.jsonl": [lambda folder: read_rows(folder / "run" / "results.jsonl"), read_grid],
    "run/plan.json": [lambda folder: read_plan(RunFolder(folder / "run"))],
    "run/metrics.jsonl": [lambda folder: read_run(folder / "run"), read_audit, read_grid],
    "text/manifest.json": [read_source, lambda folder: read_sound_manifest(folder / "text")],
    "corpus.json": [read_record],
    "amended.json": [lambda folder: read_planfile(folder / "amended.json")],
    "judged.jsonl": [lambda folder: read_judgements(folder / "judged.jsonl")],
    "reply.jsonl": [read_cache],
    "notebook.json": [read_notebook],
    "recipe.toml": [lambda folder: read_recipe(folder / "recipe.toml")],
    "change.toml": [lambda folder: read_change(folder / "change.toml")],
    "ramp.toml": [lambda folder: read_change(folder / "ramp.toml")],
}
IN_BYTES = {**READERS, "solved.plan": [read_solved], "text/00000-of-00001.array_record": [read_source]}

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [2**63, 10**400, "1e999999999", "1/0", "../x", "/etc/passwd", "\ud800", "a\0b", "a" * 300, 1e308, 5e-324]
    ),
    st.recursive(
        st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)
    ),
)


def places(value: Any, place: tuple = ()) -> Iterator[tuple]:
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*place, name))


@st.composite
def changed_value(draw: st.DrawFn, value: Any) -> Any:
    """The value with another one at a random place, or without what is there."""
    *into, last = draw(st.sampled_from([place for place in places(value) if place]))
    changed = copy.deepcopy(value)
    at = changed
    for name in into:
        at = at[name]
    if draw(st.booleans()) and draw(st.booleans()):
        del at[last]
    else:
        at[last] = draw(ODD)
    return changed


@st.composite
def changed_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes cut short, or with some of them replaced by others."""
    begin = draw(st.integers(0, len(content) - 1))
    if draw(st.booleans()):
        return content[:begin]
    return content[:begin] + draw(st.binary(max_size=3)) + content[begin + draw(st.integers(0, 3)) :]


def text_of(name: str, value: Any) -> str:
    if not name.endswith(".toml"):
        return json.dumps(value) + "\n"
    try:
        return to_toml(value).encode(errors="replace").decode()
    except RecursionError:
        return ""


def check_readers(folder: Path, name: str, content: bytes, readers: list[Callable[[Path], Any]]) -> None:
    """Let all read the file with that content, and put back what was there."""
    before = (folder / name).read_bytes()
    (folder / name).write_bytes(content)
    try:
        for read in readers:
            with contextlib.suppress(UsageError):
                read(folder)
    finally:
        (folder / name).write_bytes(before)


def parsed(path: Path) -> Any:
    if path.suffix == ".toml":
        return {"recipe": RECIPE, "change": CHANGE, "ramp": RAMP}[path.stem]
    return json.loads(path.read_text().splitlines()[0] if path.suffix == ".jsonl" else path.read_text())


@pytest.mark.parametrize("name", READERS)
def test_a_value_of_another_kind_is_a_usage_error_or_read(folder: Path, name: str) -> None:
    value = parsed(folder / name)

    @given(changed_value(value))
    def check(changed: Any) -> None:
        check_readers(folder, name, text_of(name, changed).encode(), READERS[name])

    check()


@pytest.mark.parametrize("name", IN_BYTES)
def test_changed_bytes_are_a_usage_error_or_read(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()

    @given(changed_bytes(content))
    def check(changed: bytes) -> None:
        check_readers(folder, name, changed, IN_BYTES[name])

    check()


@pytest.mark.parametrize("name", READERS)
def test_what_is_not_changed_is_read(folder: Path, name: str) -> None:
    for read in READERS[name]:
        read(folder)
