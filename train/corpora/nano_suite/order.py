"""nano_order and nano_layout: two pieces of a held-out document in their order, against the same two swapped.

Sentences of prose in the one; in the other fields of a country's page and sentences of a dictionary's entry, which the
training part lays out alike.
"""

import random
import re
from collections.abc import Iterator, Sequence

from train.corpora.document import Document
from train.corpora.nano_suite.corpus import Corpus, of_groups, subject_of
from train.corpora.nano_suite.draws import Fields, by_id, first_drawn
from train.corpora.nano_suite.sentences import paragraphs_of

_PIECE_BYTES = (20, 135)
_MOST_OF_KIND = {"prose": 200, "page": 100, "entry": 190}
# A quotation that opens in one sentence and closes in the next would give the order away.
_QUOTED = re.compile('["“”_]')
_FIELD = re.compile(r"[A-Z][\w, ]{2,40}: ")


def order(corpus: Corpus) -> list[Fields]:
    """A sentence as the prompt, and two that follow it, in either order, with what joins them."""
    return by_id(_drawn(corpus, "prose", _prose(corpus)))


def layout(corpus: Corpus) -> list[Fields]:
    """The same of fields of pages and of entries."""
    return by_id([*_drawn(corpus, "page", _pages(corpus)), *_drawn(corpus, "entry", _entries(corpus))])


def _drawn(corpus: Corpus, kind: str, found: Iterator[Fields]) -> list[Fields]:
    most = _MOST_OF_KIND[kind]
    return first_drawn(found, most, purpose="order", keep=lambda item: not corpus.holds(" ".join(_in_order(item))))


def _prose(corpus: Corpus) -> Iterator[Fields]:
    for document in of_groups(corpus.heldout, "text", "chapter", "country", "speech"):
        for sentences in paragraphs_of(document):
            texts = [sentence.text for sentence in sentences]
            name = f"prose/{subject_of(document)}/{sentences[0].paragraph}"
            yield from _items(document, name, texts, joint=" ")


def _pages(corpus: Corpus) -> Iterator[Fields]:
    for document in of_groups(corpus.heldout, "text", "country"):
        fields = [field for field in document.text.strip().split("\n\n") if _FIELD.match(field)]
        yield from _items(document, f"page/{subject_of(document)}", fields, joint="\n\n")


def _entries(corpus: Corpus) -> Iterator[Fields]:
    for document in of_groups(corpus.heldout, "text", "synset-lemma"):
        # "Adam" and "adam" are two documents on one subject.
        word = document.origin.rpartition("/")[2]
        for number, line in enumerate(document.text.strip().split("\n")[1:]):
            sentences = re.split(r"(?<=\.) (?=[A-Z])", line)
            yield from _items(document, f"entry/{word}/{number}", sentences[:3], joint=" ")


def _items(document: Document, name: str, pieces: Sequence[str], *, joint: str) -> Iterator[Fields]:
    """An item of every three pieces in a row that are as long as they may be, none of them in two items."""
    usable = [_is_usable(piece) for piece in pieces]
    place = 0
    while place + 2 < len(pieces):
        first, *two = pieces[place : place + 3]
        if not all(usable[place : place + 3]) or two[0] == two[1]:
            place += 1
            continue
        item = f"{name}.{place}"
        gold = random.Random(f"nano/order/{item}").randrange(2)
        yield {
            "id": item,
            "cluster": document.group,
            "prompt": first,
            "joint": joint,
            "pieces": two if gold == 0 else two[::-1],
            "gold": gold,
        }
        place += 3


def _is_usable(piece: str) -> bool:
    return _PIECE_BYTES[0] <= len(piece.encode()) <= _PIECE_BYTES[1] and _QUOTED.search(piece) is None


def _in_order(item: Fields) -> list[str]:
    return item["pieces"] if item["gold"] == 0 else item["pieces"][::-1]
