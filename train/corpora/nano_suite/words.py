"""nano_kinds, nano_glosses: what a word is a kind of and what it means, told by training documents in other words."""

import re
from collections import Counter
from collections.abc import Callable

from train.corpora.nano_suite.choices import drawn_fours, fours, grouped
from train.corpora.nano_suite.corpus import Corpus, of_groups
from train.corpora.nano_suite.draws import Fields, drawn_number
from train.corpora.nano_suite.entries import Entry, read_entry, read_relations

_KIND_BYTES = 24
_MOST_OF_KIND = 6
# Words for which no three others are found are left out.
_SPARE = 40
_GLOSS_BYTES = (15, 52)
_LIKE_LETTERS = 4


def kinds(corpus: Corpus, *, count: int) -> list[Fields]:
    """At most `count` nouns, those that the training texts use most, in groups of four, and what each is a kind of.

    By what the entries say, what one of a group is a kind of is no wider word and no synonym of any other.
    """
    relations = read_relations(of_groups(corpus.train, "text", "synset-lemma"))
    drawn, of_kind = [], Counter[str]()
    for entry in _most_used(corpus):
        if _is_kind(entry) and not corpus.holds(f"{_kind_prompt(entry)} {entry.wider}"):
            of_kind[entry.wider] += 1
            if of_kind[entry.wider] <= _MOST_OF_KIND:
                drawn.append(entry)
    drawn = drawn[: count + _SPARE]
    near = {word: relations.near(word) for entry in drawn for word in (entry.word, entry.wider)}

    def apart(entry: Entry, other: Entry) -> bool:
        return not any(
            two.wider.lower() in near[one.word] | near[one.wider] for one, two in ((entry, other), (other, entry))
        )

    return _items(drawn, lambda entry: entry.wider, _kind_prompt, apart, count=count, purpose="kinds")


def glosses(corpus: Corpus, *, count: int) -> list[Fields]:
    """At most `count` nouns and verbs, those that the training texts use most, in groups of four, and what each means.

    The entries bring no two of a group into a relation, and all are nouns or all verbs. Words that their own
    meaning repeats are left out.
    """
    relations = read_relations(of_groups(corpus.train, "text", "synset-lemma"))
    usable = (entry for entry in _most_used(corpus) if _is_glossed(entry))
    drawn = [entry for entry in usable if not corpus.holds(f"{_gloss_prompt(entry)} {entry.gloss}")]
    drawn = drawn[: count + _SPARE]
    near = {entry.word: relations.near(entry.word) for entry in drawn}

    def apart(entry: Entry, other: Entry) -> bool:
        is_related = other.word in near[entry.word] or entry.word in near[other.word]
        return entry.is_verb == other.is_verb and not is_related

    return _items(drawn, lambda entry: entry.gloss, _gloss_prompt, apart, count=count, purpose="glosses")


def _most_used(corpus: Corpus) -> list[Entry]:
    """The entries of the training part, by how often their words stand in its texts."""
    uses: Counter[str] = Counter()
    for document in corpus.train:
        if document.source == "text":
            uses.update(re.findall(r"[a-z]+", document.text.lower()))
    entries = (read_entry(document) for document in of_groups(corpus.train, "text", "synset-lemma"))
    by_word = {entry.word: entry for entry in entries if entry is not None}
    return sorted(by_word.values(), key=lambda entry: (-uses[entry.word], drawn_number(entry.word, purpose="words")))


def _is_kind(entry: Entry) -> bool:
    is_told = set(entry.word.split()) & set(entry.wider.split())
    return not entry.is_verb and 0 < len(entry.wider) <= _KIND_BYTES and not is_told


def _is_glossed(entry: Entry) -> bool:
    is_told = any(part[:_LIKE_LETTERS] in entry.gloss for part in entry.word.split())
    return _GLOSS_BYTES[0] <= len(entry.gloss.encode()) <= _GLOSS_BYTES[1] and not is_told


def _kind_prompt(entry: Entry) -> str:
    return f"What is {entry.named}? It is a kind of"


def _gloss_prompt(entry: Entry) -> str:
    return f"The word {entry.word} stands for this:"


def _items(
    entries: list[Entry],
    answer: Callable[[Entry], str],
    prompt: Callable[[Entry], str],
    apart: Callable[[Entry, Entry], bool],
    *,
    count: int,
    purpose: str,
) -> list[Fields]:
    ordered = sorted(entries, key=lambda entry: (entry.is_verb, len(answer(entry)), answer(entry), entry.word))
    groups = fours(ordered, answer=answer, apart=apart)
    drawn = drawn_fours(groups, count, name=lambda entry: entry.word, purpose=purpose)

    def fields(entry: Entry) -> Fields:
        return {"id": entry.word.replace(" ", "_"), "prompt": prompt(entry), "answer": f" {answer(entry)}"}

    return grouped(drawn, fields)
