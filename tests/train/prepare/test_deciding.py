"""Which documents are kept: the first of equal ones, languages in their shares, and all of it in any window."""

import collections
import json
import random
from pathlib import Path

import pytest
from preparing import WORDS, prepared_recipe

from mixsched.errors import UsageError
from mixsched.shards import read_manifest
from train.prepare.stages import verdicts


def text(rng: random.Random, words: int = 60) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def write_lines(path: Path, records: list[dict]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def source(file: str, **settings) -> dict:
    fields = {"origin": "origin", "language": "language", "group": "group"}
    return {"inputs": [{"reader": "jsonl", "files": [file], **fields}], **settings}


def record(number: int, content: str, *, language: str = "Python", group: str | None = None) -> dict:
    return {"text": content, "origin": f"at-{number}", "language": language, "group": group or f"g{number}"}


@pytest.fixture
def manifests(tmp_path, shards):
    """Prepares sources and returns the manifests of their parts, by (source, part)."""

    def make(sources: dict, records: dict[str, list[dict]]) -> dict:
        for file, content in records.items():
            write_lines(tmp_path / file, content)
        tokenizer = shards / "tokenizer.model"
        out = prepared_recipe({"sources": sources}, tmp_path, tmp_path / "out", tokenizer=tokenizer)
        read = [read_manifest(path.parent) for path in out.rglob("manifest.json")]
        return {(each.source, each.part): each for each in read}

    return make


def test_of_equal_documents_the_first_source_keeps_its_own(manifests):
    rng = random.Random(0)
    texts = [text(rng) for _ in range(200)]
    found = manifests(
        {"first": source("a"), "second": source("b")},
        {
            "a": [record(number, each) for number, each in enumerate([*texts[:100], *texts[:10]])],
            "b": [record(500 + number, each) for number, each in enumerate(texts[50:])],
        },
    )
    assert found["first", "train"].dropped == {"exact duplicate": 10}
    assert found["second", "train"].dropped == {"exact duplicate": 50}
    assert found["first", "train"].dropped_examples["exact duplicate"][0] == f"at-100: {texts[0][:80]}"
    for name in ("first", "second"):
        assert found[name, "train"].documents + found[name, "heldout"].documents == 100


def test_near_duplicates_are_dropped_and_others_are_not(manifests):
    rng = random.Random(1)
    texts = [text(rng, 400) for _ in range(100)]
    # One word of 400 changed leaves a similarity of 0.98, half of them a small one.
    near = [each.replace(each.split()[200], "changed") for each in texts]
    far = [" ".join([*each.split()[:200], *text(rng, 200).split()]) for each in texts]
    records = [record(number, each) for number, each in enumerate([*texts, *near, *far])]
    found = manifests({"only": source("a", near_duplicates=0.8)}, {"a": records})["only", "train"].dropped
    assert set(found) == {"near duplicate"}
    assert 98 <= found["near duplicate"] <= 102


def test_near_duplicates_are_looked_for_between_sources_with_the_same_number(manifests):
    rng = random.Random(2)
    texts = [text(rng, 400) for _ in range(60)]
    near = [each + " more" for each in texts]
    records = {
        "a": [record(number, each) for number, each in enumerate(texts)],
        "b": [record(100 + number, each) for number, each in enumerate([*near, *(text(rng) for _ in range(60))])],
        "c": [record(300 + number, f"{each} again") for number, each in enumerate(texts)],
    }
    sources = {"a": source("a", near_duplicates=0.8), "b": source("b", near_duplicates=0.8), "c": source("c")}
    found = manifests(sources, records)
    assert found["b", "train"].dropped["near duplicate"] == 60
    assert found["c", "train"].dropped == {}


def test_a_group_gives_so_many_documents(manifests):
    rng = random.Random(3)
    records = [record(number, text(rng), group=f"group-{number % 50}") for number in range(400)]
    found = manifests({"only": source("a", max_per_group=3)}, {"a": records})
    assert found["only", "train"].dropped == {"its group is full": 400 - 150}
    assert found["only", "train"].documents + found["only", "heldout"].documents == 150


def test_languages_come_in_their_shares(manifests):
    rng = random.Random(4)
    languages = rng.choices(["Java", "Python", "Ruby", "Go"], [5, 3, 1, 4], k=4_000)
    records = [record(number, text(rng), language=each) for number, each in enumerate(languages)]
    shares = {"Java": 50, "Python": 30, "others": 20}
    found = manifests({"only": source("a", shares=shares, heldout_share=0.0)}, {"a": records})["only", "train"]
    total = found.text_bytes
    mine = {**found.languages, "others": found.languages["Ruby"] + found.languages["Go"]}
    for language, share in shares.items():
        assert 100 * mine[language] / total == pytest.approx(share, abs=0.1)
    # Python has 3/13 of the bytes, and its 30% limit the others.
    assert total == pytest.approx(sum(len(each["text"]) for each in records) * 3 / 13 / 0.3, rel=0.05)


def test_a_budget_takes_documents_of_all_inputs(manifests):
    rng = random.Random(5)
    records = [record(number, text(rng)) for number in range(1_000)]
    limited = source("*", max_bytes=100_000, heldout_share=0.0)
    found = manifests({"only": limited}, {"a": records[:500], "b": records[500:]})["only", "train"]
    assert 99_000 < found.text_bytes <= 100_000
    assert found.dropped == {"over the budget of bytes": 1_000 - found.documents}


def test_the_window_of_a_rule_does_not_show(manifests, tmp_path, monkeypatch):
    rng = random.Random(6)
    texts = [text(rng) for _ in range(300)]
    records = {"a": [record(number % 200, each) for number, each in enumerate([*texts, *rng.choices(texts, k=300)])]}
    sources = {"only": source("a", near_duplicates=0.7, max_per_group=1)}
    whole = manifests(sources, records)
    (tmp_path / "out").rename(tmp_path / "whole")
    monkeypatch.setattr(verdicts, "WINDOW_DOCUMENTS", 7)
    assert manifests(sources, records) == whole
    assert collections.Counter(whole["only", "train"].dropped).total() == 600 - 200


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"shares": {"Java": 50, "Pyton": 50}}, r"has no documents of Java, Pyton, of which its `shares` ask"),
        ({"heldout_share": 1e-9}, r"has 20 documents, too few: .* there are none to hold out"),
        ({"heldout_share": 0.999999999}, r"has 20 documents, too few: .* there are none to train on"),
        ({"filters": {"min_bytes": 10**6}}, r"has no documents left \(.*: 20\); change its filters"),
        ({"max_bytes": 10}, r"has no documents left \(over the budget of bytes: 20\)"),
    ],
)
def test_a_source_of_which_nothing_is_left_is_refused(manifests, settings, words):
    rng = random.Random(7)
    records = [record(number, text(rng)) for number in range(20)]
    with pytest.raises(UsageError, match=words):
        manifests({"only": source("a", **settings)}, {"a": records})
