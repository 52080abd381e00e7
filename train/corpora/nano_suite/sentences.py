"""Sentences of running prose, found well enough to make test items of them."""

import dataclasses
import re
from collections.abc import Iterator

from train.corpora.document import Document

# Names and initials end in a full stop too: "Mr. Weston", "J. Q. Adams", "U.S. forces".
_END = re.compile(r"(?<!\bMr)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\b[A-Z])[.!?][\"”']?(?: +|$)(?=[A-Z\"“']|$)")
# The factbook's fields, "Climate: tropical", and headings.
_LABEL = re.compile(r"[A-Z][\w, ]{2,40}:")


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A sentence and where it stands: paragraph and place, from 0, in its document."""

    text: str
    document: Document
    paragraph: int
    place: int


def paragraphs_of(document: Document) -> Iterator[list[Sentence]]:
    """The sentences of each paragraph of prose, in order; labelled lists and paragraphs without an end are left out."""
    for number, paragraph in enumerate(document.text.split("\n\n")):
        text = paragraph.strip()
        if "\n" in text or _LABEL.match(text):
            continue
        start, sentences = 0, []
        for place, end in enumerate(_END.finditer(text)):
            sentences.append(Sentence(text[start : end.end()].strip(), document, number, place))
            start = end.end()
        if sentences:
            yield sentences
