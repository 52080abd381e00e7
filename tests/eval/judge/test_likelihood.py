"""The judge without an LLM, with a real language model of pairs of characters as its reference."""

import itertools
import math
from collections import Counter

import pytest

from eval.judge.likelihood import judge_by_likelihood
from eval.judge.pairs import Pair
from eval.judge.reliability import orders_of

CORPUS = "the cat sat on the mat and the rat ate the hat that the bat had sat on " * 3


class Bigrams:
    """Likelihoods of characters, each after the one before, with one added to every count."""

    def __init__(self, corpus: str):
        self.pairs = Counter(itertools.pairwise(corpus))
        self.firsts = Counter(corpus[:-1])
        self.asked: list[tuple[str, str]] = []

    def __call__(self, requests: list[tuple[str, str]]) -> list[float]:
        self.asked += requests
        return [self.nats(context, continuation) for context, continuation in requests]

    def nats(self, context: str, continuation: str) -> float:
        text = context[-1:] + continuation
        pairs = list(itertools.pairwise(text))
        return sum(math.log((self.pairs[pair] + 1) / (self.firsts[pair[0]] + 256)) for pair in pairs)


def judge(*answers: tuple[str, str], scorer=None):
    pairs = [Pair(str(n), "Say: ", a, b, str(n)) for n, (a, b) in enumerate(answers)]
    return judge_by_likelihood(pairs, "likelihood:reference", scorer or Bigrams(CORPUS))


def test_the_likelier_answer_wins_whichever_run_gave_it():
    outcomes = [each.outcome for each in judge(("the cat", "zqx kjw"), ("zqx kjw", "the cat"))]
    assert outcomes == ["a", "b"]


def test_scores_are_nats_a_byte_after_the_prompt_whose_last_white_space_is_scored_with_them():
    (told,) = judge(("the", "the mät"))
    bigrams = Bigrams(CORPUS)
    assert told.scores == pytest.approx([bigrams.nats("Say:", " the") / 4, bigrams.nats("Say:", " the mät") / 9])


def test_a_longer_answer_does_not_lose_for_its_length():
    (told,) = judge(("the cat sat on the mat", "zqx"))
    bigrams = Bigrams(CORPUS)
    assert bigrams.nats("Say: ", "the cat sat on the mat") < bigrams.nats("Say: ", "zqx")
    assert told.outcome == "a"


def test_identical_answers_are_not_scored_and_equal_ones_once():
    bigrams = Bigrams(CORPUS)
    judgements = judge(("same", "same"), ("the", "hat"), ("the", "mat"), scorer=bigrams)
    assert judgements[0].outcome == "tie"
    assert judgements[0].scores is None
    assert bigrams.asked == [("Say:", " the"), ("Say:", " hat"), ("Say:", " mat")]


def test_an_empty_answer_loses_to_any_other():
    judgements = judge(("", "zqx"), ("zqx", ""), ("", ""))
    assert [each.outcome for each in judgements] == ["b", "a", "tie"]
    assert judgements[0].scores[0] is None


def test_it_claims_no_agreement_of_orders():
    assert orders_of(judge(("the cat", "zqx"))) is None
