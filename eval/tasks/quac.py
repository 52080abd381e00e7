"""Scores answers to QuAC's questions as its scorer does: words in common with the nearest of the reference answers."""

import collections
import re
import string
from typing import Any

UNANSWERED = "CANNOTANSWER"
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def references(doc: dict[str, Any]) -> list[str]:
    """The answers to the first question of a dialog that count.

    As in QuAC's scorer: where half of the annotators or more found no answer, that is the only right one; else those
    who found none are left out.
    """
    given = doc["answers"]["texts"][0]
    spans = [answer for answer in given if answer != UNANSWERED]
    return spans if 2 * len(spans) > len(given) else [UNANSWERED]


def scores(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """The item's f1 and exact_match, each the best over the references.

    Unlike QuAC's scorer, which leaves each reference out in turn to compare with people, and leaves out questions on
    which people agree too little, this takes all references of all first questions.
    """
    answer = results[0].strip()
    right = references(doc)
    return {
        "f1": max(f1(answer, each) for each in right),
        "exact_match": max(float(_same(answer, each)) for each in right),
    }


def f1(answer: str, reference: str) -> float:
    """The harmonic mean of precision and recall of an answer's words; an unanswerable question wants CANNOTANSWER."""
    if UNANSWERED in (answer, reference):
        return float(answer == reference)
    ours, theirs = normalised(answer).split(), normalised(reference).split()
    common = sum((collections.Counter(ours) & collections.Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


def normalised(answer: str) -> str:
    """Lower case, without punctuation, articles and more than one space (SQuAD's rule, which QuAC's scorer has)."""
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_NO_PUNCTUATION)).split())


def _same(answer: str, reference: str) -> bool:
    if UNANSWERED in (answer, reference):
        return answer == reference
    return normalised(answer) == normalised(reference)
