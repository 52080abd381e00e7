"""nano_agreement: a held-out sentence as it stands, against the same with one word in the other number or person."""

import random
import re
from collections.abc import Iterator

from train.corpora.nano_suite.corpus import Corpus, of_groups, subject_of
from train.corpora.nano_suite.draws import Fields, by_id, first_drawn
from train.corpora.nano_suite.sentences import Sentence, paragraphs_of

_PAIRS = (("is", "are"), ("was", "were"), ("has", "have"), ("does", "do"), ("this", "these"))
_BYTES = (30, 150)
# Where "were" may stand for "was": conditions and wishes.
_CONDITION = re.compile(r"\b(if|though|unless|whether|wish\w*|lest|than|as|or)\b", re.IGNORECASE)
# After these the form is decided without number or person: "to have", "will do", "did not have".
_DECIDED = re.compile(
    r"\b(to|will|would|shall|should|can|cannot|could|may|might|must|did|not|never|let|ever|and)( \w+)?$", re.IGNORECASE
)


def agreement(corpus: Corpus, *, count: int) -> list[Fields]:
    """About `count` sentences cut at a word, and two forms of it; each form is right as often as the other.

    An item's sentence is `before`, one of `words`, `after`.
    """
    found: dict[str, list[Fields]] = {form: [] for pair in _PAIRS for form in pair}
    for item in _items(corpus):
        found[item["words"][item["gold"]]].append(item)
    available = {pair: min(len(found[form]) for form in pair) for pair in _PAIRS}
    return by_id(
        item
        for pair, size in _sizes(available, count).items()
        for form in pair
        for item in first_drawn(found[form], size, purpose="agreement", keep=lambda _: True)
    )


def _sizes(available: dict[tuple[str, str], int], count: int) -> dict[tuple[str, str], int]:
    """How many of each form to take: all of the rare pairs, the others evenly."""
    sizes: dict[tuple[str, str], int] = {}
    left = count // 2
    for place, pair in enumerate(sorted(available, key=lambda each: available[each])):
        sizes[pair] = min(available[pair], left // (len(available) - place))
        left -= sizes[pair]
    return sizes


def _items(corpus: Corpus) -> Iterator[Fields]:
    for document in of_groups(corpus.heldout, "text", "chapter", "country", "speech"):
        for paragraph in paragraphs_of(document):
            for sentence in paragraph:
                is_long_enough = _BYTES[0] <= len(sentence.text.encode()) <= _BYTES[1]
                items = list(_items_of(sentence)) if is_long_enough else []
                if items and not corpus.holds(sentence.text):
                    yield from items


def _items_of(sentence: Sentence) -> Iterator[Fields]:
    for pair in _PAIRS:
        places = list(re.finditer(rf"\b({'|'.join(pair)})\b", sentence.text))
        if len(places) != 1 or _is_open(pair, before=sentence.text[: places[0].start()]):
            continue
        form = places[0].group()
        name = f"{subject_of(sentence.document)}/{sentence.paragraph}.{sentence.place}-{form}"
        words = random.Random(f"nano/agreement/{name}").sample(pair, 2)
        yield {
            "id": name,
            "cluster": sentence.document.group,
            "before": sentence.text[: places[0].start()],
            "words": words,
            "after": sentence.text[places[0].end() :],
            "gold": words.index(form),
        }


def _is_open(pair: tuple[str, str], *, before: str) -> bool:
    """Whether the other form could stand there too, or the words before decide without number or person."""
    if pair == ("was", "were"):
        return _CONDITION.search(before) is not None
    return pair in (("has", "have"), ("does", "do")) and _DECIDED.search(before.rstrip()) is not None
