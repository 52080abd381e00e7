"""QuAC's answers are scored as its scorer does."""

from pathlib import Path

import published
import pytest

from eval.loading import load_tasks


@pytest.fixture(scope="module")
def quac(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("quac")
    published.write_release(folder, published.RELEASES["quac"][0])
    return load_tasks(["quac"], data=folder)[0]["quac"]


@pytest.mark.parametrize(
    ("answer", "f1", "exact_match"),
    [
        (" She wrote notes", 1.0, 1.0),
        ("SHE WROTE NOTES", 1.0, 1.0),
        # Case, articles, punctuation and spaces don't count.
        ("the  notes, in 1843.", 1.0, 1.0),
        # The best over "she wrote notes" (2 of 3 and 2 of 2 words) and "notes in 1843" (1 of 3 and 1 of 2).
        ("wrote notes", 0.8, 0.0),
        # A word said twice is common once.
        ("notes notes", 0.4, 0.0),
        ("CANNOTANSWER", 0.0, 0.0),
        ("", 0.0, 0.0),
        ("an", 0.0, 0.0),
    ],
)
def test_an_answer_has_the_score_of_its_nearest_reference(quac, answer: str, f1: float, exact_match: float) -> None:
    told = quac.process_results(quac.eval_docs[0], [answer])
    assert told == {"f1": pytest.approx(f1), "exact_match": exact_match}


@pytest.mark.parametrize(("answer", "score"), [(" CANNOTANSWER", 1.0), ("cannotanswer", 0.0), ("Benjamin", 0.0)])
def test_a_question_without_an_answer_wants_just_that(quac, answer: str, score: float) -> None:
    assert quac.process_results(quac.eval_docs[1], [answer]) == {"f1": score, "exact_match": score}


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (["a cat", "CANNOTANSWER"], ["CANNOTANSWER"]),
        (["a cat", "CANNOTANSWER", "the cat"], ["a cat", "the cat"]),
        (["a cat", "a dog"], ["a cat", "a dog"]),
    ],
)
def test_the_greater_part_of_the_annotators_says_whether_there_is_an_answer(
    quac, given: list[str], right: list[str]
) -> None:
    assert quac.doc_to_target({"answers": {"texts": [given]}}) == right


def test_both_metrics_are_means_of_the_items(quac) -> None:
    assert {name: of([0.0, 1.0, 0.5]) for name, of in quac.aggregation().items()} == {"f1": 0.5, "exact_match": 0.5}
    assert quac.higher_is_better() == {"f1": True, "exact_match": True}
