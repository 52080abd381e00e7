"""nano_open: beginnings of held-out texts and held-out questions, which a model continues for a judge to compare."""

import re
from collections.abc import Iterator

from train.corpora.nano_suite.corpus import Corpus, kind_of, of_groups, subject_of
from train.corpora.nano_suite.draws import Fields, by_id, first_drawn
from train.corpora.nano_suite.sentences import paragraphs_of

_PROMPT_BYTES = (80, 260)
_REFERENCE_LETTERS = 100
_MOST_OF_DOCUMENT = 4
_ANSWER = re.compile(r"(?:Answer|A|Assistant):|### Response\n")


def open_ended(corpus: Corpus, *, count: int) -> list[Fields]:
    """At most `count` prompts, half beginnings of paragraphs, half questions; `reference` is how each goes on."""

    def is_new(item: Fields) -> bool:
        return not corpus.holds(item["prompt"])

    beginnings = first_drawn(_beginnings(corpus), count // 2, purpose="open", keep=is_new)
    questions = first_drawn(_questions(corpus), count - count // 2, purpose="open", keep=is_new)
    return by_id([*beginnings, *questions])


def _beginnings(corpus: Corpus) -> Iterator[Fields]:
    """The first two sentences of paragraphs, of as many documents as there are."""
    for document in of_groups(corpus.heldout, "text", "chapter", "country", "speech"):
        usable = []
        for sentences in paragraphs_of(document):
            prompt = " ".join(sentence.text for sentence in sentences[:2])
            if len(sentences) > 2 and _PROMPT_BYTES[0] <= len(prompt.encode()) <= _PROMPT_BYTES[1]:
                goes_on = " ".join(sentence.text for sentence in sentences[2:])[:_REFERENCE_LETTERS]
                name = f"{subject_of(document)}/{sentences[0].paragraph}"
                usable.append({"id": name, "cluster": document.group, "prompt": prompt, "reference": goes_on})
        yield from first_drawn(usable, _MOST_OF_DOCUMENT, purpose="open", keep=lambda _: True)


def _questions(corpus: Corpus) -> Iterator[Fields]:
    """The first question of each document of `instruct`, in the layout that it has there."""
    for document in of_groups(corpus.heldout, "instruct", "country", "synset-lemma"):
        found = _ANSWER.search(document.text)
        assert found is not None, document.origin
        prompt = document.text[: found.end()].rstrip(" ")
        answer = re.split(r"\n(?:Question|Q|User|###)", document.text[found.end() :])[0].strip()
        name = f"{kind_of(document)}/{subject_of(document)}/{document.origin.rpartition('#')[2]}"
        yield {"id": name, "cluster": document.group, "prompt": prompt, "reference": answer}
