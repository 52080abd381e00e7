"""nano_cloze: which of four passages of held-out chapters or pages goes on like this."""

import dataclasses
import random
from collections.abc import Iterator

from train.corpora.nano_suite.choices import drawn_fours, fours, grouped
from train.corpora.nano_suite.corpus import Corpus, kind_of, of_groups, subject_of
from train.corpora.nano_suite.draws import Fields
from train.corpora.nano_suite.sentences import Sentence, paragraphs_of

_PROMPT_BYTES = (70, 205)
_ENDING_BYTES = (32, 75)
_LEAST_HEAD_LETTERS = 12
_MOST_BEFORE = 3


@dataclasses.dataclass(frozen=True)
class _Passage:
    name: str
    cluster: str
    book: str
    prompt: str
    ending: str


def cloze(corpus: Corpus, *, count: int) -> list[Fields]:
    """At most `count` passages cut within a sentence, in groups of four of one book.

    The four stand in documents of their own, all held out, and their endings are of about the same length.
    """
    passages = sorted(_passages(corpus), key=lambda each: (each.book, len(each.ending.encode()), each.name))
    groups = fours(passages, answer=lambda each: each.ending, apart=_are_apart)
    groups = [group for group in groups if not any(corpus.holds(each.ending) for each in group)]
    drawn = drawn_fours(groups, count, name=lambda each: each.name, purpose="cloze")
    return grouped(drawn, _fields)


def _fields(passage: _Passage) -> Fields:
    return {"id": passage.name, "cluster": passage.cluster, "prompt": passage.prompt, "answer": passage.ending}


def _are_apart(passage: _Passage, other: _Passage) -> bool:
    return passage.book == other.book and passage.cluster != other.cluster


def _passages(corpus: Corpus) -> Iterator[_Passage]:
    for document in of_groups(corpus.heldout, "text", "chapter", "country"):
        subject = subject_of(document)
        # One author's novels count as one book: few chapters of each are held out.
        book = "country" if kind_of(document) == "country" else "moby" if subject.startswith("moby") else "austen"
        for sentences in paragraphs_of(document):
            for place in range(1, len(sentences)):
                cut = _cut(sentences[max(0, place - _MOST_BEFORE) : place], sentences[place])
                if cut is not None:
                    name = f"{subject}/{sentences[place].paragraph}.{place}"
                    yield _Passage(name, document.group, book, *cut)


def _cut(before: list[Sentence], last: Sentence) -> tuple[str, str] | None:
    """Prompt and ending of a passage, cut at a space of its last sentence; None if no cut has the lengths."""
    spaces = (place for place, letter in enumerate(last.text) if letter == " " and place >= _LEAST_HEAD_LETTERS)
    endings = [last.text[place:] for place in spaces]
    endings = [ending for ending in endings if _ENDING_BYTES[0] <= len(ending.encode()) <= _ENDING_BYTES[1]]
    if not endings:
        return None
    ending = random.Random(f"nano/cloze/cut/{last.text}").choice(endings)
    head = last.text.removesuffix(ending)
    for start in range(len(before)):
        prompt = " ".join([*(sentence.text for sentence in before[start:]), head])
        if _PROMPT_BYTES[0] <= len(prompt.encode()) <= _PROMPT_BYTES[1]:
            return prompt, ending
    return None
