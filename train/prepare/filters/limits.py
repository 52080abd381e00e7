"""The limits that a recipe sets to single documents, and the first of them that a document breaks."""

from collections.abc import Iterator

import msgspec

from train.corpora.document import Document
from train.prepare.filters import prose
from train.prepare.filters.characters import alphanumeric_share, byte_length, letter_share
from train.prepare.filters.encoded import data_share
from train.prepare.filters.licences import is_allowed
from train.prepare.filters.lines import longest_line, mean_line_length, repeated_line_share
from train.prepare.filters.marks import MINIFIED_LANGUAGES, is_generated, is_minified, is_xml
from train.prepare.filters.visible import is_html, visible_length


class Filters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits that a document must keep; a limit that is not set is not looked at.

    A value that equals its limit is kept. Shares are of the text's characters, 0 to 1; where each measure and its
    usual limit come from is told by the functions that take it. Raises ValueError for a limit out of its range.
    """

    licences: tuple[str, ...] = ()
    """Keep these SPDX ids only; "A AND B" needs both, "A OR B" one, and "unknown" must be listed to be kept."""
    languages: tuple[str, ...] = ()
    """Keep documents of these languages only, as Linguist names them; "" stands for documents without one."""
    min_bytes: int | None = None
    max_bytes: int | None = None
    max_line_length: int | None = None
    """Characters."""
    max_mean_line_length: float | None = None
    """Characters."""
    drop_generated: bool = False
    drop_minified: bool = False
    """JavaScript and CSS only."""
    drop_xml: bool = False
    """What begins with an XML declaration, XSLT excepted."""
    min_alphanumeric_share: float | None = None
    min_letter_share: float | None = None
    max_data_share: float | None = None
    min_visible_share: float | None = None
    """HTML only."""
    min_visible_characters: int | None = None
    """HTML only."""
    min_words: int | None = None
    max_words: int | None = None
    min_mean_word_length: float | None = None
    """Characters."""
    max_mean_word_length: float | None = None
    """Characters."""
    max_symbols_per_word: float | None = None
    """Hash signs or ellipses."""
    min_lettered_word_share: float | None = None
    """Share of the words that hold a letter."""
    max_repeated_line_share: float | None = None
    """Share of the lines."""

    def __post_init__(self) -> None:
        limits = msgspec.structs.asdict(self)
        for name, value in limits.items():
            if isinstance(value, bool | tuple) or value is None:
                continue
            if name.endswith("_share") and not 0 <= value <= 1:
                raise ValueError(f"`{name}` must be a share from 0 to 1, got {value}")
            if not 0 <= value < float("inf"):
                raise ValueError(f"`{name}` must be a number from 0 on, got {value}")
            most = limits.get(name.replace("min_", "max_", 1))
            if name.startswith("min_") and most is not None and value > most:
                raise ValueError(
                    f"`{name}` must not be over `{name.replace('min_', 'max_', 1)}`, got {value} and {most}"
                )

    def reason(self, document: Document) -> str | None:
        """Why the document is dropped, of a few strings that can be counted; None if it is kept.

        >>> filters = Filters(max_line_length=10)
        >>> filters.reason(Document("a long line of text", "web", "here", "MIT", "x"))
        'line over 10 characters'
        """
        return next(self._broken(document), None)

    def _broken(self, document: Document) -> Iterator[str]:
        """Every broken limit, each measured when it is asked for: cheap ones must stand first."""
        yield from self._provenance(document)
        yield from self._size(document.text)
        yield from self._marks(document)
        yield from self._characters(document.text)
        yield from self._page(document)
        yield from self._prose(document.text)

    def _provenance(self, document: Document) -> Iterator[str]:
        if self.licences and not is_allowed(document.licence, self.licences):
            yield "licence not allowed"
        if self.languages and document.language.lower() not in map(str.lower, self.languages):
            yield "language not wanted"

    def _size(self, text: str) -> Iterator[str]:
        if self.min_bytes is not None and byte_length(text) < self.min_bytes:
            yield f"under {self.min_bytes} bytes"
        if self.max_bytes is not None and byte_length(text) > self.max_bytes:
            yield f"over {self.max_bytes} bytes"
        if self.max_line_length is not None and longest_line(text) > self.max_line_length:
            yield f"line over {self.max_line_length} characters"
        if self.max_mean_line_length is not None and mean_line_length(text) > self.max_mean_line_length:
            yield f"mean line over {self.max_mean_line_length:g} characters"

    def _marks(self, document: Document) -> Iterator[str]:
        if self.drop_generated and is_generated(document.text):
            yield "generated"
        if self.drop_minified and document.language in MINIFIED_LANGUAGES and is_minified(document.text):
            yield "minified"
        if self.drop_xml and document.language != "XSLT" and is_xml(document.text):
            yield "XML"

    def _characters(self, text: str) -> Iterator[str]:
        if self.min_alphanumeric_share is not None and alphanumeric_share(text) < self.min_alphanumeric_share:
            yield f"alphanumeric share under {self.min_alphanumeric_share:g}"
        if self.min_letter_share is not None and letter_share(text) < self.min_letter_share:
            yield f"letter share under {self.min_letter_share:g}"
        if self.max_data_share is not None and data_share(text) > self.max_data_share:
            yield f"data share over {self.max_data_share:g}"

    def _page(self, document: Document) -> Iterator[str]:
        if self.min_visible_share is None and self.min_visible_characters is None:
            return
        if not is_html(document.text, document.language):
            return
        visible = visible_length(document.text)
        if self.min_visible_characters is not None and visible < self.min_visible_characters:
            yield f"under {self.min_visible_characters} visible characters"
        if self.min_visible_share is not None and visible < self.min_visible_share * len(document.text):
            yield f"visible share under {self.min_visible_share:g}"

    def _prose(self, text: str) -> Iterator[str]:
        limits = (self.min_words, self.max_words, self.min_mean_word_length, self.max_mean_word_length)
        if any(limit is not None for limit in (*limits, self.max_symbols_per_word, self.min_lettered_word_share)):
            yield from self._words(text, text.split())
        if self.max_repeated_line_share is not None and repeated_line_share(text) > self.max_repeated_line_share:
            yield f"repeated lines over {self.max_repeated_line_share:g}"

    def _words(self, text: str, words: list[str]) -> Iterator[str]:
        if self.min_words is not None and len(words) < self.min_words:
            yield f"under {self.min_words} words"
        if self.max_words is not None and len(words) > self.max_words:
            yield f"over {self.max_words} words"
        mean = prose.mean_word_length(words)
        if self.min_mean_word_length is not None and mean < self.min_mean_word_length:
            yield f"mean word under {self.min_mean_word_length:g} characters"
        if self.max_mean_word_length is not None and mean > self.max_mean_word_length:
            yield f"mean word over {self.max_mean_word_length:g} characters"
        symbols = self.max_symbols_per_word
        if symbols is not None and prose.symbols_per_word(text, words) > symbols:
            yield f"symbols per word over {symbols:g}"
        lettered = self.min_lettered_word_share
        if lettered is not None and prose.lettered_word_share(words) < lettered:
            yield f"share of words with letters under {lettered:g}"
