"""The first stage: what shares a run of words with an evaluation goes, and documents lie beside their keys."""

import itertools
import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
from preparing import WORDS, prepared_recipe, same_files

from mixsched.shards import read_manifest
from train.prepare.hashing import hash64
from train.prepare.recipe import Recipe, parse_recipe
from train.prepare.stages import cleaning
from train.prepare.stages.cleaning import KEYS, KEYS_FILE, Cleaned, clean_tasks
from train.prepare.stages.documents import read_groups, read_some
from train.prepare.stages.work import Task, execute

FIELDS = {"origin": "origin", "language": "language", "group": "group"}


def text(rng: random.Random, words: int = 60) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def write_texts(path: Path, texts: list[str], *, languages: list[str] | None = None) -> None:
    named = zip(texts, itertools.cycle(languages or ["Python"]))
    records = [
        {"text": each, "origin": f"at-{number}", "language": language, "group": f"g{number}"}
        for number, (each, language) in enumerate(named)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def of_files(*files: str, **settings) -> dict:
    return {"inputs": [{"reader": "jsonl", "files": [file], **FIELDS} for file in files], **settings}


def recipe_of(sources: dict, **settings) -> Recipe:
    return parse_recipe({"sources": sources, **settings}, where="the recipe")


def tasks_of(recipe: Recipe, data: Path) -> list[Task]:
    parts = {name: [each.parts(data) for each in source.inputs] for name, source in recipe.sources.items()}
    return clean_tasks(recipe, data, parts)


@pytest.fixture
def prepare(tmp_path, tokenizer):
    """Prepares a recipe from `tmp_path` and returns the folder."""

    def make(recipe: Recipe, out: str) -> Path:
        return prepared_recipe(recipe, tmp_path, tmp_path / out, tokenizer=tokenizer)

    return make


@pytest.fixture
def examined(tmp_path):
    """200 texts in `a`, of which one holds 13 words of an evaluation's items, and one 12 of them."""
    rng = random.Random(1)
    item, clean = text(rng, 40).split(), [text(rng) for _ in range(200)]
    thirteen, twelve = " ".join(item[10:23]), " ".join(item[10:22])
    # As a text has them: in other letters and with marks.
    clean[50] = f"{clean[50]} {thirteen.upper().replace(' ', ', ')}! {clean[51]}"
    clean[60] = f"{clean[60]} {twelve} {clean[61]}"
    write_texts(tmp_path / "a", clean)
    (tmp_path / "items.jsonl").write_text(json.dumps({"question": " ".join(item)}) + "\n")
    wanted = {"files": ["items.jsonl"], "words": 13}
    return recipe_of({"only": of_files("a", heldout_share=0.0)}, decontaminate=wanted), clean


def test_what_shares_a_run_of_words_with_an_evaluation_is_dropped(examined, prepare):
    recipe, texts = examined
    manifest = read_manifest(prepare(recipe, "out") / "only")
    assert manifest.dropped == {"overlaps a benchmark": 1}
    assert manifest.dropped_examples == {"overlaps a benchmark": [f"at-50: {texts[50][:80]}"]}
    assert manifest.documents == 199


def test_with_other_items_what_was_cleaned_is_cleaned_again(examined, prepare, tmp_path, monkeypatch):
    """After an interruption, as far as the last stage, with other items of one size."""
    recipe, texts = examined
    with monkeypatch.context() as patch:
        patch.setattr("train.prepare.corpus.assemble", lambda *_, **__: None)
        prepare(recipe, "out")
    items = tmp_path / "items.jsonl"
    size, time_ns = items.stat().st_size, items.stat().st_mtime_ns
    items.write_text((json.dumps({"question": " ".join(texts[70].split()[5:35])}) + "\n").ljust(size))
    os.utime(items, ns=(time_ns + 1_000, time_ns + 1_000))
    manifest = read_manifest(prepare(recipe, "out") / "only")
    assert manifest.dropped_examples == {"overlaps a benchmark": [f"at-70: {texts[70][:80]}"]}
    same_files(tmp_path / "out", prepare(recipe, "anew"))


def test_a_task_is_another_if_what_it_looks_for_is(tmp_path):
    write_texts(tmp_path / "a", ["one"])
    write_texts(tmp_path / "b", ["two"])
    (tmp_path / "items.txt").write_text(" ".join(WORDS[:20]))

    def names(*, of_a: dict, **settings) -> list[str]:
        sources = {"a": of_files("a", **of_a), "b": of_files("b")}
        return [task.name for task in tasks_of(recipe_of(sources, **settings), tmp_path)]

    before = names(of_a={})
    for changed in ({"filters": {"min_bytes": 2}}, {"near_duplicates": 0.7}):
        after = names(of_a=changed)
        assert after[0] != before[0]
        assert after[1] == before[1]
    # What other stages look at leaves this one's work.
    assert names(of_a={"max_bytes": 5, "max_per_group": 2, "heldout_share": 0.5}) == before
    examined = names(of_a={}, decontaminate={"files": ["items.txt"]})
    assert not set(examined) & set(before)
    assert not set(examined) & set(names(of_a={}, decontaminate={"files": ["items.txt"], "words": 12}))


def test_an_input_that_is_named_twice_is_read_twice(tmp_path, prepare):
    rng = random.Random(2)
    write_texts(tmp_path / "a", [text(rng) for _ in range(30)])
    recipe = recipe_of({"only": of_files("a", "a", heldout_share=0.0)})
    assert len({task.name for task in tasks_of(recipe, tmp_path)}) == 2
    manifest = read_manifest(prepare(recipe, "out") / "only")
    assert (manifest.documents, manifest.dropped) == (30, {"exact duplicate": 30})


def test_keys_stand_in_the_order_of_the_documents_group_by_group(tmp_path, monkeypatch):
    rng = random.Random(3)
    texts = [f"{text(rng, rng.randrange(5, 40))} ä☃" for _ in range(50)]
    write_texts(tmp_path / "a", [*texts, "short"], languages=["C++", "", "Java"])
    monkeypatch.setattr(cleaning, "GROUP_BYTES", 500)
    near = of_files("a", filters={"min_bytes": 10}, near_duplicates=0.7)
    [task] = tasks_of(recipe_of({"only": near}), tmp_path)
    made, cleaned = execute(tmp_path, task)
    assert cleaned["dropped"]["counts"] == {"under 10 bytes": 1}
    assert cleaned["languages"] == ["C++", "", "Java"]
    sizes = cleaned["group_documents"]
    assert len(sizes) > 10
    found = [each for group in read_groups(made.folder, range(len(sizes))) for each in group["text"]]
    assert found == texts
    keys = np.fromfile(made.folder / KEYS_FILE, KEYS)
    assert keys["text"].tolist() == [hash64("text", each.encode()) for each in texts]
    assert keys["bytes"].tolist() == [len(each.encode()) for each in texts]
    assert keys["group"].tolist() == [hash64("held out", f"g{number}".encode()) for number in range(50)]
    assert keys["language"].tolist() == [number % 3 for number in range(50)]
    ends = np.cumsum(sizes)
    assert ends[-1] == 50
    assert cleaned["group_bytes"] == [int(each["bytes"].sum()) for each in np.split(keys, ends[:-1])]
    bands = cleaning.bands_for(0.7)[0]
    assert (made.folder / cleaning.BANDS_FILE).stat().st_size == 50 * bands * 8
    chosen = np.array([0, int(ends[0]), int(ends[3]) - 1, 49])
    assert list(read_some(made.folder, sizes, chosen)) == [(texts[each], f"at-{each}") for each in chosen]


def test_a_group_of_rows_is_as_large_as_it_says_and_the_last_holds_the_rest(tmp_path, monkeypatch):
    write_texts(tmp_path / "a", ["x" * 60 + str(number) for number in range(10, 17)])
    monkeypatch.setattr(cleaning, "GROUP_BYTES", 124)
    [task] = tasks_of(recipe_of({"only": of_files("a")}), tmp_path)
    cleaned = execute(tmp_path, task)[1]
    assert cleaned["group_documents"] == [2, 2, 2, 1]
    assert Cleaned(**cleaned).documents == 7


def test_three_examples_are_told_of_each_reason_with_origin_and_beginning(tmp_path, prepare):
    rng = random.Random(4)
    texts = [f"first\n\tof {text(rng)}" for _ in range(60)]
    # Of the second read each is an equal one; those of a third are too short.
    write_texts(tmp_path / "a", texts)
    write_texts(tmp_path / "b", [*texts[20:25], *texts[30:32]])
    write_texts(tmp_path / "c", ["x"] * 5 + [text(rng)])
    recipe = recipe_of({"only": of_files("a", "b", "c", heldout_share=0.0, filters={"min_bytes": 10})})
    manifest = read_manifest(prepare(recipe, "out") / "only")
    assert manifest.dropped == {"exact duplicate": 7, "under 10 bytes": 5}
    beginnings = [" ".join(each.split())[:80] for each in texts[20:23]]
    assert manifest.dropped_examples == {
        "exact duplicate": [f"at-{number}: {beginning}" for number, beginning in enumerate(beginnings)],
        "under 10 bytes": ["at-0: x", "at-1: x", "at-2: x"],
    }
