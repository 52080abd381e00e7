"""The nano suite is what its builder makes of the corpus: held out, balanced, and without what gives it away."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from launch import need_sandbox

from eval.programs import verdicts_of
from train.corpora.document import Document
from train.corpora.nano_suite.build import ITEMS, as_lines
from train.corpora.nano_suite.choices import fours
from train.corpora.nano_suite.corpus import BUNDLED, Corpus, one_spaced, read_corpus
from train.corpora.nano_suite.functions import functions
from train.corpora.nano_suite.sentences import paragraphs_of
from train.prepare.split import is_heldout

NANO = Path(__file__).parents[3] / "eval/nano"
CHOICE = ("nano_cloze", "nano_capitals", "nano_kinds", "nano_glosses")
KNOWLEDGE = ("nano_capitals", "nano_kinds", "nano_glosses")
HELD_OUT = ("nano_cloze", "nano_agreement", "nano_order", "nano_layout", "nano_functions", "nano_open")
REBUILT_DRAWS = 12_000


def items_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (NANO / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return read_corpus(BUNDLED)


@pytest.fixture
def sandbox() -> None:
    need_sandbox(of_module=False)


@pytest.mark.parametrize("name", [name for name in ITEMS if name != "nano_functions"])
def test_committed_files_are_what_the_builder_gives(name: str, corpus: Corpus) -> None:
    assert b"".join(as_lines(ITEMS[name](corpus))) == (NANO / f"{name}.jsonl").read_bytes()


def test_committed_functions_are_what_the_builder_draws(corpus: Corpus, sandbox: None) -> None:
    """The first draws: a part of the whole that needs no more than seconds."""
    committed = [item for item in items_of("nano_functions") if int(item["id"].rpartition("-")[2]) < REBUILT_DRAWS]
    assert len(committed) > 10
    assert functions(corpus, draws=REBUILT_DRAWS) == committed


def test_files_are_small_and_tasks_are_large_enough() -> None:
    sizes = {name: len(items_of(name)) for name in ITEMS}
    assert min(sizes[name] for name in (*CHOICE, "nano_agreement")) >= 380
    assert (sizes["nano_order"], sizes["nano_layout"]) == (149, 237)
    assert sizes["nano_functions"] >= 150
    assert sizes["nano_open"] >= 100
    assert sum(path.stat().st_size for path in NANO.glob("*.jsonl")) < 700_000


@pytest.mark.parametrize("name", ITEMS)
def test_items_have_names_of_their_own(name: str) -> None:
    names = [item["id"] for item in items_of(name)]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", HELD_OUT)
def test_items_of_texts_are_of_documents_that_are_held_out(name: str) -> None:
    clusters = {item["cluster"] for item in items_of(name)}
    assert clusters
    assert all(is_heldout(Document("text", "source", "origin", "licence", cluster)) for cluster in clusters)


@pytest.mark.parametrize("name", KNOWLEDGE)
def test_no_training_document_has_a_prompt_with_its_answer(name: str, corpus: Corpus) -> None:
    texts = [one_spaced(document.text) for document in corpus.train]
    for item in items_of(name):
        asked = one_spaced(item["prompt"] + item["answer"])
        assert not any(asked in text for text in texts), asked


def test_capitals_are_facts_of_the_training_part(corpus: Corpus) -> None:
    told = {
        tuple(document.text.split("The capital of ", 1)[1].split(".", 1)[0].split(" is ", 1))
        for document in corpus.train
        if document.group.startswith("country:") and document.source == "text"
    }
    for item in items_of("nano_capitals"):
        answer = item["answer"].strip()
        is_capital = item["id"].startswith("capital-of/")
        asked = item["prompt"].removesuffix(" has as its capital the city of").removesuffix(" is the capital city of")
        country, capital = (asked, answer) if is_capital else (answer, asked)
        # A capital such as "Washington, D.C." has a full stop within.
        assert any(each[0] == country and capital.startswith(each[1]) for each in told), item["id"]


@pytest.mark.parametrize("name", CHOICE)
def test_items_come_in_fours_with_prompts_and_answers_of_their_own(name: str) -> None:
    """So that who ranks prompts without the answer is right in one of four, whatever the ranking is."""
    groups = defaultdict(list)
    for item in items_of(name):
        groups[item["group"]].append(item)
    for group in groups.values():
        assert len({item["prompt"] for item in group}) == len({item["answer"] for item in group}) == len(group) == 4


@pytest.mark.parametrize("name", ["nano_agreement", "nano_order", "nano_layout"])
def test_the_right_answer_has_no_place_of_its_own(name: str) -> None:
    items = items_of(name)
    second = sum(item["gold"] for item in items)
    # Four standard errors.
    assert abs(second - len(items) / 2) < 2 * len(items) ** 0.5


def test_each_form_of_an_agreement_is_right_as_often_as_the_other() -> None:
    forms = Counter(item["words"][item["gold"]] for item in items_of("nano_agreement"))
    for one, other in (("is", "are"), ("was", "were"), ("has", "have"), ("does", "do"), ("this", "these")):
        assert forms.pop(one) == forms.pop(other)
    assert not forms


def test_items_are_cut_from_the_texts_as_they_stand(corpus: Corpus) -> None:
    texts = defaultdict(str)
    for document in corpus.heldout:
        texts[document.group] += document.text
    for item in items_of("nano_cloze"):
        assert item["prompt"] + item["answer"] in texts[item["cluster"]]
    for item in items_of("nano_agreement"):
        assert item["before"] + item["words"][item["gold"]] + item["after"] in texts[item["cluster"]]
    for item in (*items_of("nano_order"), *items_of("nano_layout")):
        pieces = item["pieces"] if item["gold"] == 0 else item["pieces"][::-1]
        assert one_spaced(" ".join(pieces)) in one_spaced(texts[item["cluster"]])


def test_the_passages_of_a_group_are_of_one_book_and_of_four_documents() -> None:
    groups = defaultdict(set)
    for item in items_of("nano_cloze"):
        groups[item["group"]].add(item["cluster"])
    for clusters in groups.values():
        assert len(clusters) == 4
        assert len({(cluster.partition(":")[0], "moby" in cluster) for cluster in clusters}) == 1


def test_solutions_pass_their_tests_and_stubs_fail(corpus: Corpus, sandbox: None) -> None:
    items = items_of("nano_functions")
    groups = {document.group for document in corpus.train}
    assert not groups & {item["cluster"] for item in items}
    sample = items[::4]
    stubs = ("    pass\n", "    return 0\n", "    return []\n")
    verdicts = verdicts_of("nano_functions", sample, [[item["solution"], *stubs] for item in sample])
    assert [each[0] for each in verdicts] == ["passed"] * len(sample)
    assert {verdict for each in verdicts for verdict in each[1:]} == {"failed"}


def test_sentences_end_at_their_full_stops_and_not_at_names() -> None:
    text = 'Climate: mild.\n\nMr. J. Weston went. "So he did!" said Mrs. Long. Why?\n\nNo end\n'
    found = list(paragraphs_of(Document(text, "text", "here", "CC0-1.0", "chapter:one")))
    assert [[each.text for each in paragraph] for paragraph in found] == [
        ["Mr. J. Weston went.", '"So he did!" said Mrs. Long.', "Why?"]
    ]
    assert [(each.paragraph, each.place) for each in found[0]] == [(1, 0), (1, 1), (1, 2)]


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(2, 5))
def test_fours_are_apart_and_none_is_in_two(answers: list[int], divisor: int) -> None:
    items = list(enumerate(answers))
    groups = fours(items, answer=lambda item: str(item[1]), apart=lambda a, b: a[0] % divisor != b[0] % divisor)
    members = [item for group in groups for item in group]
    assert len(set(members)) == len(members)
    for group in groups:
        assert len({answer for _, answer in group}) == 4
        assert len({place % divisor for place, _ in group}) == 4
