"""The suites' tasks, headline metrics and averages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.suites import NANO, PAPER, SUITES, Suite, averages, cluster_of, headline, suite_named
from mixsched.errors import UsageError

TOY = Suite("toy", {"reasoning": ("r1", "r2", "r3"), "knowledge": ("k1",), "code": ("c1", "c2")}, apart=("x",))
# Rows of the paper's Table 2: text-only, balanced-only, and code-to-text when it was continued.
TABLE_2 = ((49.0, 9.5, 29.2, 0.4, 19.6), (51.8, 8.1, 30.0, 9.0, 23.0), (53.3, 9.5, 31.4, 4.1, 22.3))


def test_the_papers_suite_has_eleven_two_and_two_tasks() -> None:
    assert [len(tasks) for tasks in PAPER.groups.values()] == [11, 2, 2]
    assert PAPER.tasks[-3:] == ("humaneval", "mbpp", "dolly")


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_no_task_stands_in_a_suite_twice(suite: Suite) -> None:
    assert len(set(suite.tasks)) == len(suite.tasks)
    assert list(suite.groups) == ["reasoning", "knowledge", "code"]


def test_averages_are_means_of_groups_whatever_the_number_of_their_tasks() -> None:
    values = {"r1": 0.1, "r2": 0.2, "r3": 0.6, "k1": 0.5, "c1": 0.0, "c2": 0.2, "x": 9.0}
    found = {average.name: average.of(values) for average in averages(TOY, values)}
    assert found == {
        "reasoning": pytest.approx(0.3),
        "knowledge": pytest.approx(0.5),
        "nl_average": pytest.approx(0.4),
        "code": pytest.approx(0.1),
        "total_average": pytest.approx(0.3),
    }
    assert not any(average.missing for average in averages(TOY, values))


def test_averages_agree_with_table_2_of_the_paper() -> None:
    """Its groups' values give its averages, to the rounding of one decimal."""
    groups = Suite("groups", {name: (name,) for name in ("reasoning", "knowledge", "code")})
    for row in TABLE_2:
        told = dict(zip(("reasoning", "knowledge", "nl_average", "code", "total_average"), row, strict=True))
        for average in averages(groups, groups.tasks):
            assert average.of(told) == pytest.approx(told[average.name], abs=0.1)


def test_an_average_names_the_tasks_that_it_lacks_and_weighs_the_others_up() -> None:
    (reasoning,) = [one for one in averages(TOY, {"r3", "r1", "x"}) if one.name == "reasoning"]
    assert reasoning.weights == {"r1": 0.5, "r3": 0.5}
    assert reasoning.missing == ("r2",)
    assert [one.name for one in averages(TOY, {"r1", "c2"})] == ["reasoning", "code"]
    *_, nl_average, code, total = averages(TOY, {"r1", "k1", "c2"})
    assert nl_average.missing == ("r2", "r3")
    assert code.missing == ("c1",)
    assert total.missing == ("r2", "r3", "c1")


def test_no_average_is_formed_of_nothing() -> None:
    assert averages(PAPER, {"dolly", "gsm8k"}) == []


@given(st.sets(st.sampled_from(PAPER.tasks)))
def test_weights_add_up_to_one_and_cover_with_what_is_missing_the_whole_average(tasks: set[str]) -> None:
    for average in averages(PAPER, tasks):
        assert sum(average.weights.values()) == pytest.approx(1)
        assert set(average.weights) <= tasks
        assert not set(average.missing) & tasks
        whole = averages(PAPER, PAPER.tasks)
        assert {*average.weights, *average.missing} == set(next(w for w in whole if w.name == average.name).weights)


def test_the_headline_is_accuracy_exact_match_or_pass_at_1() -> None:
    assert headline("piqa", "choice", ["acc_norm", "acc", "bits_per_byte"]) == "acc"
    assert headline("nq_open", "generation", ["exact_match"]) == "exact_match"
    assert headline("quac", "generation", ["exact_match", "f1"]) == "f1"
    assert headline("mbpp", "program", ["pass@1", "pass@10"]) == "pass@1"
    assert headline("nano_solutions", "likelihood", ["bits_per_byte"]) == "bits_per_byte"


def test_a_task_that_lacks_the_usual_metric_has_its_first() -> None:
    assert headline("gsm8k_like", "generation", ["bleu", "ter"]) == "bleu"


def test_an_unknown_suite_is_told_with_the_nearest() -> None:
    assert suite_named("nano") is NANO
    with pytest.raises(UsageError, match="`suite` 'papers' is unknown; did you mean 'paper'"):
        suite_named("papers")


def test_questions_on_one_passage_share_a_cluster() -> None:
    one, same, other = ({"passage": passage, "question": "q"} for passage in ("a", "a", "b"))
    assert cluster_of("boolq", one) == cluster_of("boolq", same) != cluster_of("boolq", other)
    assert cluster_of("copa", one) is None
    assert cluster_of("boolq", {"question": "q"}) is None
    assert cluster_of("nano_cloze", {"cluster": "book-1"}) == cluster_of("nano_order", {"cluster": "book-1"})
    assert cluster_of("nano_cloze", {"cluster": "book-1"}) is not None
