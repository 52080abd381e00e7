"""Reads the dictionary's entries back from their prose: the first meaning of a word, and how words are related."""

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from train.corpora.document import Document

# Words with an article or "to" alone: those without may be names, whose capital an entry's first letter hides.
_MEANING = re.compile(
    r"(?P<named>(?:An?|To) (?P<word>[a-z][\w' -]*?))(?: is to | means to | is |: )(?P<gloss>.+?)\."
    r"(?= Another word for it is| Also called| For example:| One may say:| As in:| The opposite of"
    r"| [^.]+ is a kind of| [^.]+ is one way to| [^.]+ is part of|$)"
)
_SYNONYMS = re.compile(r"(?:another word for it is|also called) ([^.]+)\.")
_WIDER = re.compile(r" is (?:a kind of|one way to) ([^.]+)\.")


@dataclasses.dataclass(frozen=True)
class Entry:
    """A noun or a verb with its first meaning.

    - `named`: the word as its sentences name it, "a historian", "to adopt".
    - `wider`: what the first meaning is a kind of, or one way to do; empty if the entry doesn't say.
    """

    word: str
    group: str
    named: str
    gloss: str
    wider: str

    @property
    def is_verb(self) -> bool:
        """Whether the first meaning is a verb's."""
        return self.named.startswith("to ")


def read_entry(document: Document) -> Entry | None:
    """The entry in a document; None where its first meaning is not that of a noun that is counted, or of a verb."""
    meaning = document.text.strip().split("\n")[1]
    found = _MEANING.match(meaning)
    if found is None:
        return None
    wider = _WIDER.search(meaning)
    named = found["named"][0].lower() + found["named"][1:]
    return Entry(found["word"], document.group, named, found["gloss"], wider[1] if wider else "")


@dataclasses.dataclass(frozen=True)
class Relations:
    """What all entries say of words, in small letters: what each is a kind of, and its synonyms."""

    wider: Mapping[str, frozenset[str]]
    synonyms: Mapping[str, frozenset[str]]

    def near(self, word: str) -> frozenset[str]:
        """The word, and all that lies within two steps: what its meanings are kinds of, synonyms, and theirs.

        Two, since through words of many meanings nearly every word is reached from every other.
        """
        found = {word.lower()}
        for _ in range(2):
            for each in tuple(found):
                found |= self.wider.get(each, frozenset()) | self.synonyms.get(each, frozenset())
        return frozenset(found)


def read_relations(documents: Iterable[Document]) -> Relations:
    """The relations that all meanings of all entries tell of."""
    wider: defaultdict[str, set[str]] = defaultdict(set)
    synonyms: defaultdict[str, set[str]] = defaultdict(set)
    for document in documents:
        word, *meanings = document.text.strip().lower().split("\n")
        for meaning in meanings:
            wider[word].update(_WIDER.findall(meaning))
            for same in (each for listed in _SYNONYMS.findall(meaning) for each in listed.split(" or ")):
                synonyms[word].add(same)
                synonyms[same].add(word)
    return Relations(
        wider={word: frozenset(each) for word, each in wider.items()},
        synonyms={word: frozenset(each) for word, each in synonyms.items()},
    )
