"""Shares and budgets: how much of each language is kept, which documents, and what a person is told; and repeats."""

import collections
import itertools
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from preparing import WORDS

from mixsched import Manifest
from mixsched.shards import read_manifest
from train.prepare.corpus import Wanted, prepare
from train.prepare.hashing import hash64
from train.prepare.recipe import parse_recipe
from train.prepare.stages import verdicts
from train.prepare.stages.cleaning import Cleaned
from train.prepare.stages.dropped import Drops
from train.prepare.stages.verdicts import EXACT, FULL, KEPT, NEAR, Corpus, Read
from train.prepare.stages.work import Made
from train.prepare.workers.local import LocalWorkers

DOCUMENT_BYTES = 59


def text(rng: random.Random, words: int = 10) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def texts_of(rng: random.Random, languages: dict[str, int]) -> list[dict]:
    """So many documents of each language, of DOCUMENT_BYTES each."""
    return [
        {"text": text(rng), "language": language, "group": f"{language} {number}"}
        for language, count in languages.items()
        for number in range(count)
    ]


def of_files(*files: str, **settings) -> dict:
    fields = {"language": "language", "group": "group"}
    return {"inputs": [{"reader": "jsonl", "files": [file], **fields} for file in files], **settings}


@pytest.fixture
def made(tmp_path, tokenizer):
    """Prepares sources of which nothing is held out, and returns their manifests and what was said of them."""
    outs = (tmp_path / f"out-{number}" for number in itertools.count())

    def make(sources: dict, **records: list[dict]) -> tuple[dict[str, Manifest], list[str]]:
        for file, content in records.items():
            (tmp_path / file).write_text("".join(json.dumps(record) + "\n" for record in content))
        recipe = parse_recipe({"sources": sources, "heldout_share": 0.0}, where="the recipe")
        wanted = Wanted(context_tokens=32, vocab_size=270, tokenizer=tokenizer)
        said, out = list[str](), next(outs)
        prepare(recipe, tmp_path, out, wanted, workers=LocalWorkers(1), say=said.append)
        stages = ("clean", "decide", "tokenizer", "encode", "index", "pack")
        notes = [line for line in said if not line.startswith(stages)]
        return {name: read_manifest(out / name) for name in sources}, notes

    return make


def test_shares_hold_within_a_budget_too(made):
    records = texts_of(random.Random(1), {"A": 600, "B": 600, "C": 600})
    shares = {"A": 60, "B": 40}
    found, notes = made({"only": of_files("a", shares=shares, max_bytes=20_000)}, a=records)
    languages = found["only"].languages
    # Each to a document, and none over its share.
    assert 12_000 - DOCUMENT_BYTES < languages["A"] <= 12_000
    assert 8_000 - DOCUMENT_BYTES < languages["B"] <= 8_000
    assert set(languages) == {"A", "B"}
    # The budget limits the source, as was asked: nothing to say.
    assert notes == []
    assert found["only"].dropped == {"over its language's share": 1_800 - found["only"].documents}


def test_a_budget_that_is_larger_than_what_the_shares_leave_does_nothing(made):
    records = texts_of(random.Random(2), {"A": 30, "B": 400})
    shares = {"A": 50, "B": 50}
    alone, notes = made({"only": of_files("a", shares=shares)}, a=records)
    both, same_notes = made({"only": of_files("a", shares=shares, max_bytes=20_000)}, a=records)
    assert both == alone
    assert same_notes == notes != []


def test_without_a_share_for_others_they_are_dropped(made):
    records = texts_of(random.Random(3), {"A": 100, "B": 100, "C": 20, "": 10})
    found, _ = made({"only": of_files("a", shares={"A": 50, "B": 50})}, a=records)
    assert found["only"].languages == {"A": 100 * DOCUMENT_BYTES, "B": 100 * DOCUMENT_BYTES}
    assert found["only"].dropped == {"over its language's share": 30}
    # With one, they and the documents of no language share it.
    found, _ = made({"only": of_files("a", shares={"A": 50, "B": 45, "others": 5})}, a=records)
    kept = found["only"]
    assert kept.languages["A"] == 100 * DOCUMENT_BYTES
    assert 90 - 1 <= kept.languages["B"] / DOCUMENT_BYTES <= 90
    assert 10 - 1 <= kept.documents - (kept.languages["A"] + kept.languages["B"]) / DOCUMENT_BYTES <= 10


@pytest.mark.parametrize("share", [70, 33, 10, 3, 1])
def test_the_scarcest_language_keeps_all_its_documents(made, share):
    """However 192 bytes divide by its share."""
    scarce = {"text": "w" * 192, "language": "A", "group": "a"}
    records = [scarce, *texts_of(random.Random(4), {"B": 400})]
    found, notes = made({"only": of_files("a", shares={"A": share, "B": 100 - share})}, a=records)
    total = 192 * 100 / share
    assert found["only"].languages["A"] == 192
    assert total - 192 - DOCUMENT_BYTES < found["only"].languages.get("B", 0) <= total - 192
    assert notes == [
        f"only: there is so little A that its share limits the source to {total:,.0f} of "
        f"{192 + 400 * DOCUMENT_BYTES:,} bytes"
    ]


def test_what_was_dropped_before_counts_for_no_share(made):
    records = texts_of(random.Random(11), {"A": 30, "B": 400})
    shares = {"A": 50, "B": 50}
    once, notes = made({"only": of_files("a", shares=shares)}, a=records)
    again, same_notes = made({"only": of_files("a", shares=shares)}, a=[*records, *records[:30]])
    assert once["only"].languages == again["only"].languages == {"A": 30 * DOCUMENT_BYTES, "B": 30 * DOCUMENT_BYTES}
    assert same_notes == notes
    assert again["only"].dropped == {"exact duplicate": 30, "over its language's share": 370}


def test_no_document_is_chosen_by_where_it_stands(made):
    records = texts_of(random.Random(5), {"A": 300, "B": 300, "C": 150})
    limits = {"shares": {"A": 20, "B": 30, "others": 50}, "max_bytes": 9_000}
    straight = made({"only": of_files("a", "b", **limits)}, a=records[:400], b=records[400:])[0]["only"]
    turned = made({"only": of_files("b", "a", **limits)}, a=records[399::-1], b=records[400:])[0]["only"]
    assert turned.documents == straight.documents < 160
    assert turned.shards == straight.shards


def test_a_larger_budget_keeps_what_a_smaller_one_keeps_and_more(made):
    records = texts_of(random.Random(6), {"A": 100})
    for number, record in enumerate(records):
        record["licence"] = f"L{number}"
    kept = []
    for size in (3_000, 4_500):
        source = of_files("a", max_bytes=size)
        source["inputs"][0]["licence"] = "licence"
        kept.append(set(made({"only": source}, a=records)[0]["only"].licences))
    assert kept[0] < kept[1]
    assert [len(each) for each in kept] == [3_000 // DOCUMENT_BYTES, 4_500 // DOCUMENT_BYTES]
    # Were they chosen by the hash that orders them, a language with a small share would lie in the first shards alone.
    late = [record["licence"] for record in records if hash64("order", record["text"].encode()) > 2**63]
    assert 15 < len(kept[0].intersection(late)) < 35


def near(document: str, *, words: int) -> str:
    """The same but for its first words."""
    return " ".join([*(f"x{number}" for number in range(words)), *document.split()[words:]])


def with_texts(texts: Sequence[str]) -> list[dict]:
    return [{"text": each, "language": "A", "group": each[:12]} for each in texts]


def test_each_source_has_its_own_number_for_near_duplicates(made):
    rng = random.Random(8)
    texts = [text(rng, 400) for _ in range(30)]
    # Of 484 runs of five words 308 are in both: a similarity of 0.64.
    records = with_texts([*texts, *(near(each, words=88) for each in texts)])
    sources = {"strict": of_files("a", near_duplicates=0.4), "loose": of_files("b", near_duplicates=0.9)}
    other = [{**each, "text": each["text"].replace("w", "v")} for each in records]
    found, _ = made(sources, a=records, b=other)
    assert set(found["strict"].dropped) == {"near duplicate"}
    assert 25 <= found["strict"].dropped["near duplicate"] <= 30
    assert found["loose"].dropped == {}
    # Nor are documents of one looked for in the other, but each among its own.
    again = [{**each, "text": f"{each['text']} more"} for each in records[:30]]
    found, _ = made(sources, a=records, b=again)
    assert found["loose"].dropped == {}
    found, _ = made(sources, a=records, b=[*other, *({**each, "text": f"{each['text']} more"} for each in other)])
    assert found["loose"].dropped == {"near duplicate": 60}


def test_a_near_duplicate_of_what_another_rule_dropped_is_kept(made):
    """The second of two equal ones is gone before, and is nothing that a later one could be near to."""
    rng = random.Random(9)
    texts = [text(rng, 400) for _ in range(30)]
    altered = [near(each, words=4) for each in texts]
    sources = {"first": of_files("a"), "second": of_files("b", near_duplicates=0.8)}
    found, _ = made(sources, a=with_texts(texts), b=with_texts([*texts, *altered]))
    assert found["second"].dropped == {"exact duplicate": 30}
    assert found["second"].documents == 30


def test_a_near_duplicate_of_a_near_duplicate_is_one(made):
    """Neighbours share 2 of 3 parts (a similarity of 0.5), the first and the third 1 of 3 (0.2)."""
    rng = random.Random(10)
    records = []
    for _ in range(20):
        whole = text(rng, 800).split()
        records += with_texts([" ".join(whole[start : start + 400]) for start in (0, 130, 260)])
    found, _ = made({"only": of_files("a", near_duplicates=0.4)}, a=records)
    alone, _ = made({"only": of_files("a", near_duplicates=0.4)}, a=records[0::3] + records[2::3])
    assert alone["only"].dropped.get("near duplicate", 0) < 10
    assert found["only"].dropped["near duplicate"] > 30


def corpus_of(hashes: Sequence[Sequence[int]], folder: Path) -> Corpus:
    """Reads of so many documents; their keys are given to `drop_repeats`."""
    found = [Cleaned([len(each)], [len(each)], [], 0, Drops()) for each in hashes]
    return Corpus([Read(Made(folder, ""), "only", each) for each in found])


HASHES = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1])


@example(hashes=[[2**63 - 1], [2**63, 2**64 - 1]], keep=1, window=3, rng=random.Random(0))
@given(
    st.lists(st.lists(HASHES | st.integers(0, 3), max_size=8), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(1, 20),
    st.randoms(use_true_random=False),
)
def test_of_equal_hashes_the_first_ones_stay_whatever_the_window(tmp_path_factory, hashes, keep, window, rng):
    # Twice each: so that hashes at the edges of windows have repeats too.
    hashes = [[each for each in read for _ in range(2)] for read in hashes]
    corpus = corpus_of(hashes, tmp_path_factory.getbasetemp())
    every = [each for read in hashes for each in read]
    before = rng.choices([KEPT, EXACT, NEAR], [4, 1, 1], k=len(every))
    corpus.verdicts[:] = before
    expected, seen = [], collections.Counter()
    for each, verdict in zip(every, before, strict=True):
        if verdict != EXACT:
            verdict = NEAR if seen[each] >= keep else verdict
            seen[each] += 1
        expected.append(verdict)
    whole, verdicts.WINDOW_DOCUMENTS = verdicts.WINDOW_DOCUMENTS, window
    try:
        corpus.drop_repeats(corpus.all, lambda read: np.array(hashes[read], np.uint64), keep=keep, code=NEAR)
    finally:
        verdicts.WINDOW_DOCUMENTS = whole
    assert corpus.verdicts.tolist() == expected


def test_only_the_reads_that_are_asked_for_are_looked_at(tmp_path):
    hashes = [[5, 6], [5, 6], [6, 5]]
    corpus = corpus_of(hashes, tmp_path)
    corpus.drop_repeats([0, 2], lambda read: np.array(hashes[read], np.uint64), keep=1, code=FULL)
    assert corpus.verdicts.tolist() == [KEPT, KEPT, KEPT, KEPT, FULL, FULL]
    assert corpus.verdict(2).tolist() == [FULL, FULL]
