"""Order, length, and several judges: figures worked out by hand."""

import pytest

from eval.judge.judgement import Judgement, judged
from eval.judge.pairs import Pair
from eval.judge.prompt import Reply
from eval.judge.reliability import Agreement, Lengths, Orders, Tally, agreement_of, lengths_of, majority, orders_of


def judgement(item, verdicts, *, a="aa", b="b", judge="openai:m") -> Judgement:
    return Judgement(item, item, judge, "Why?", a, b, verdicts)


def all_of(*outcomes):
    return [judgement(str(number), [outcome, outcome]) for number, outcome in enumerate(outcomes)]


def test_replies_are_read_by_the_order_in_which_answers_were_shown():
    pair = Pair("i", "Why?", "a", "b", "c")
    first, second, tie = (Reply(text, "stop") for text in ("[[A]]", "[[B]]", "[[C]]"))
    assert judged(pair, "j", [first, first]).verdicts == ["a", "b"]
    assert judged(pair, "j", [first, second]).verdicts == ["a", "a"]
    assert judged(pair, "j", [second, first]).verdicts == ["b", "b"]
    assert judged(pair, "j", [tie, Reply("?", "stop")]).verdicts == ["tie", "unparsed"]
    assert judged(pair, "j", [Reply("[[A]]", "refused"), first]).verdicts == ["unparsed", "b"]


def test_a_judge_that_always_takes_the_first_answer_is_found_out():
    judgements = [judgement(str(n), ["a", "b"]) for n in range(10)] + [judgement("same", [])]
    assert orders_of(judgements) == Orders(Tally(10, 0, 0), Tally(0, 0, 10), 0, 10, for_first=20, decided=20)


def test_orders_are_counted_over_what_was_asked_and_read():
    told = [["a", "a"], ["b", "a"], ["tie", "a"], ["tie", "tie"], ["unparsed", "a"], ["b", "unparsed"], []]
    found = orders_of([judgement(str(n), verdicts) for n, verdicts in enumerate(told)])
    assert found == Orders(Tally(1, 2, 2), Tally(4, 1, 0), agreeing=2, readable=4, for_first=1, decided=7)


def test_a_judge_without_orders_has_none():
    assert orders_of([judgement("0", ["a"]), judgement("1", [])]) is None


def test_lengths_are_bytes_and_outcomes_are_told_by_the_longer_answer():
    judgements = [
        judgement("0", ["a", "a"], a="äää", b="bbbb"),
        judgement("1", ["b", "b"], a="a", b="bb"),
        judgement("2", ["a", "tie"], a="a", b="bb"),
        judgement("3", [], a="same", b="same"),
        judgement("4", ["unparsed", "a"], a="a" * 99, b=""),
    ]
    assert lengths_of(judgements) == Lengths(12 / 4, 12 / 4, Tally(1, 0, 0), Tally(0, 1, 1), Tally(0, 1, 0))
    assert lengths_of(judgements[4:]) is None


def test_kappa_leaves_out_what_chance_agrees_on():
    """Cohen's own kind of table: 20 and 15 agreed, 5 and 10 not: 0.7 raw, 0.5 by chance."""
    one = all_of(*["a"] * 25, *["b"] * 25)
    other = all_of(*["a"] * 20, *["b"] * 5, *["a"] * 10, *["b"] * 15)
    found = agreement_of(one, other)
    assert found is not None
    assert (found.n, found.raw) == (50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    assert agreement_of(other, one) == found


def test_kappa_at_its_ends():
    assert agreement_of(all_of("a", "b"), all_of("a", "b")) == Agreement(2, 1.0, 1.0)
    assert agreement_of(all_of("a", "b"), all_of("b", "a")) == Agreement(2, 0.0, -1.0)
    assert agreement_of(all_of("a", "a"), all_of("a", "a")) == Agreement(2, 1.0, None)


def test_pairs_that_one_judge_left_open_are_in_no_agreement():
    assert agreement_of(all_of("a", "unparsed", "b"), all_of("a", "b", "unparsed")) == Agreement(1, 1.0, None)
    assert agreement_of(all_of("unparsed"), all_of("a")) is None


def test_most_judges_decide_and_no_majority_is_a_tie():
    judges = all_of("a", "a", "a", "unparsed"), all_of("a", "b", "b", "unparsed"), all_of("b", "tie", "b", "unparsed")
    assert majority(judges) == [("a", "0"), ("tie", "1"), ("b", "2")]
    assert majority(judges[:2]) == [("a", "0"), ("tie", "1"), ("tie", "2")]
    assert majority([all_of("a", "unparsed"), all_of("unparsed", "b")]) == [("a", "0"), ("b", "1")]
