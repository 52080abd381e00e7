"""The recipe that follows from a folder or a file: what it takes, what it leaves out, and what it says of both."""

import json
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mixsched.errors import UsageError
from train.prepare.finding import find_recipe

DOCUMENT = {"origin": "o", "licence": "MIT", "group": "g"}


def lines(path: Path, *records: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def write(folder: Path, **contents: str) -> None:
    for name, content in contents.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def history(folder: Path, commits: int) -> None:
    said = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    run = lambda *words: subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **said})  # noqa: E731
    run("init", "--quiet")
    for number in range(commits):
        run("commit", "--quiet", "--allow-empty", f"--message={number}")


def found(path: Path):
    """The recipe of a path, and the lines that are told about it."""
    told: list[str] = []
    recipe, _, _ = find_recipe(str(path), say=told.append)
    return recipe, told


def test_a_folder_is_all_that_it_holds(tmp_path):
    project = tmp_path / "My project.d"
    write(project, a_py="x = 1\n", run="#!/bin/sh\n", b_md="# b\n", c_ipynb="{}", d_txt="words\n", e_py="")
    lines(project / "pages.jsonl", *({"content": "x"} for _ in range(200)))
    lines(project / "more" / "pages.ndjson", {"body": "x", "text": 1})
    lines(project / "runs" / "metrics.jsonl", {"loss": 1.0, "code": 3})
    lines(project / "own.jsonl", {"text": "a", "source": "web_code", **DOCUMENT})
    pq.write_table(pa.table({"text": ["a"]}), project / "t.parquet")
    history(project, 20)
    recipe, told = found(project)
    assert told == [
        "text: 1 file of text; too few to hold some out",
        "web_code: 2 files of code and 1 document of JSON lines; too few to hold some out",
        "markup: 1 file of markup; too few to hold some out",
        "adjacent: 1 notebook and 20 commits; too few to hold some out",
        "My-project: 1 file of records with the field body and 1 file of records with the field content and "
        "1 file of records with the field text",
        "left out: runs/metrics.jsonl, which has no field text, content, code or body that holds text",
    ]
    readers = {source: [type(each).__name__ for each in held.inputs] for source, held in recipe.sources.items()}
    assert readers == {
        "text": ["Folder"],
        "web_code": ["Folder", "JsonLines"],
        "markup": ["Folder"],
        "adjacent": ["Notebooks", "Git"],
        "My-project": ["JsonLines", "JsonLines", "Parquet"],
    }
    shares = {source: recipe.heldout(source) for source in recipe.sources}
    assert shares == {"text": 0, "web_code": 0, "markup": 0, "adjacent": 0, "My-project": 0.05}
    assert recipe.broken_share == 0.1


def test_what_others_wrote_and_what_tools_made_is_left_out(tmp_path):
    for folder in (".venv", "node_modules", "a/site-packages", "vendor", "build", "target", "dist"):
        write(tmp_path / folder, a_py="x", n_ipynb="{}")
        lines(tmp_path / folder / "a.jsonl", {"text": "x"})
    write(tmp_path, a_py="x", deep__build__b_py="y", n_ipynb="{}")
    recipe, told = found(tmp_path)
    assert [line.partition(";")[0] for line in told] == ["web_code: 2 files of code", "adjacent: 1 notebook"]
    assert recipe.sources["adjacent"].inputs[0].files == ("n.ipynb",)


def test_a_short_history_and_what_cannot_be_read_are_told_but_not_all_of_it(tmp_path):
    write(tmp_path, a_py="x")
    history(tmp_path, 3)
    (tmp_path / "a.jsonl").write_text("[1]")
    (tmp_path / "b.jsonl").write_bytes(b'{"text": "\xe9"}\n')
    (tmp_path / "c.jsonl.gz").write_bytes(b"no gz")
    (tmp_path / "d.parquet").write_bytes(b"no parquet")
    for number in range(4):
        (tmp_path / f"e{number}.jsonl").write_text("\n")
    _, told = found(tmp_path)
    assert told[1] == "left out: the git history, which has 3 commits, fewer than 20"
    assert told[2] == "left out: a.jsonl, which starts with an array, but has to have one object of JSON a line"
    assert told[3] == "left out: b.jsonl, which is not UTF-8"
    assert told[4].startswith("left out: c.jsonl.gz, which is no whole .gz file (")
    assert told[5].startswith("left out: d.parquet, which is no whole Parquet file (")
    assert told[6:] == ["left out: 4 more"]


def test_a_repository_without_commits_is_told(tmp_path):
    write(tmp_path, a_py="x")
    history(tmp_path, 0)
    _, told = found(tmp_path)
    assert "has no commits" in told[1]


def test_enough_files_have_a_part_held_out(tmp_path):
    for number in range(150):
        (tmp_path / f"{number}.py").write_text(f"x = {number}\n")
    recipe, told = found(tmp_path)
    assert (recipe.heldout("web_code"), told) == (0.05, ["web_code: 150 files of code"])
    (tmp_path / "0.py").unlink()
    assert found(tmp_path)[0].heldout("web_code") == 0
    recipe, _, _ = find_recipe(str(tmp_path), heldout_share=0.2)
    assert recipe.sources["web_code"].heldout_share is None


def test_many_files_of_a_folder_are_one_pattern_where_it_matches_no_other(tmp_path):
    for number in range(12):
        lines(tmp_path / "all" / f"{number}.jsonl", {"text": "x"})
        lines(tmp_path / "some" / f"{number:02}.jsonl", {"text" if number else "id": "x"})
    recipe, _ = found(tmp_path)
    [reader] = recipe.sources[next(iter(recipe.sources))].inputs
    assert reader.files == ("all/*.jsonl", *(f"some/{number:02}.jsonl" for number in range(1, 12)))


def test_the_recipe_of_json_lines_takes_the_first_field_that_holds_text(tmp_path):
    lines(tmp_path / "a.jsonl", {"id": 1, "text": 5, "content": "x", "code": "y"})
    recipe, data, name = find_recipe(str(tmp_path / "a.jsonl"))
    [reader] = recipe.sources["a"].inputs
    assert (reader.text, reader.files, data, name) == ("content", ("a.jsonl",), tmp_path, "a")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "b.jsonl",
            b'{"id": 1, "prose": "x"}',
            r"no field text, content, code or body, it has id, prose; write a recipe",
        ),
        ("b.jsonl", b'[\n{"text": "x"}]', r"starts with an array, .*; write each item into a line"),
        ("b.json", b'[{"text": "x"}]', r"starts with an array, .*; write each item into a line"),
        ("b.json", b'{\n"text": "x"\n}', r"no lines that are objects of JSON; write one object into each line"),
        ("b.jsonl", b'{"text": "\xe9"}', r"is not UTF-8; convert it"),
        ("b.jsonl", b"\n", r"is empty; name one that holds records"),
        ("b.jsonl.gz", b"x", r"is no whole .gz file .*; get the file again"),
        ("b.txt", b"words", r"is neither JSON lines, Parquet nor a folder; name one, such as the folder that holds it"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_why(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=words):
        find_recipe(str(tmp_path / name))


def test_documents_that_name_their_sources_become_these(tmp_path):
    lines(
        tmp_path / "mixed.jsonl", {"text": "a", "source": "one", **DOCUMENT}, {"text": "b", "source": "two", **DOCUMENT}
    )
    lines(tmp_path / "one.jsonl", {"text": "c", "source": "one", **DOCUMENT})
    recipe, told = found(tmp_path)
    inputs = {name: [(each.files, each.where) for each in source.inputs] for name, source in recipe.sources.items()}
    mixed = ("mixed.jsonl",)
    assert inputs == {
        "one": [(("one.jsonl",), {}), (mixed, {"source": ("one",)})],
        "two": [(mixed, {"source": ("two",)})],
    }
    assert told[0] == "one: 2 documents of JSON lines; too few to hold some out"


def test_documents_of_which_some_will_be_held_out_have_the_usual_share(tmp_path):
    documents = ({"text": "a", "source": "one", **DOCUMENT, "group": f"g{number}"} for number in range(60))
    lines(tmp_path / "a.jsonl", *documents)
    assert found(tmp_path)[0].sources["one"].heldout_share is None


def test_a_folder_of_nothing_that_can_be_read_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    with pytest.raises(UsageError, match=r"holds neither text, code, notebooks nor records with a text; name a folder"):
        find_recipe(str(tmp_path))
    lines(tmp_path / "m.jsonl", {"loss": 1})
    with pytest.raises(UsageError, match=r"\(left out: m.jsonl, which has no field .*\); name a folder that does"):
        find_recipe(str(tmp_path))


def test_what_this_tool_made_is_no_corpus(shards, tmp_path):
    with pytest.raises(UsageError, match=r"is a prepared folder, not a corpus; look at it by `--check .*--shards"):
        find_recipe(str(shards))
    work = tmp_path / "a.unfinished"
    write(work, work_json="{}")
    with pytest.raises(UsageError, match=r"is the unfinished work of a preparation; give the command again"):
        find_recipe(str(work))
