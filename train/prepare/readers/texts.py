"""What every reader does with a text before it is a document, and with bytes that should be JSON."""

import hashlib
import json

import msgspec

from train.corpora.document import Document
from train.prepare.readers.reader import MAX_DOCUMENT_BYTES, UNKNOWN_LICENCE, Dropped

TOO_LONG = f"longer than {MAX_DOCUMENT_BYTES // 1_000_000} MB"
NOT_UTF8 = "not UTF-8"

_decode_strictly = msgspec.json.Decoder().decode


def to_document(
    text: str, *, source: str, origin: str, licence: str = "", group: str = "", language: str = ""
) -> Document | Dropped:
    """A document of the text, or why there is none.

    A byte-order mark at the start goes, and `\\r\\n` and lone `\\r` become `\\n`, so that the same text from two
    systems is the same; nothing else is changed. Without a `licence` it is unknown; without a `group` the text is a
    group of its own.
    """
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text or text.isspace():
        return Dropped(origin, "empty")
    try:
        encoded = text.encode()
        f"{origin}{licence}{group}{language}".encode()
    except UnicodeEncodeError:
        return Dropped(origin.encode(errors="backslashreplace").decode(), "not valid Unicode", broken=True)
    if len(encoded) > MAX_DOCUMENT_BYTES:
        return Dropped(origin, TOO_LONG, broken=True)
    return Document(
        text=text,
        source=source,
        origin=origin,
        licence=licence or UNKNOWN_LICENCE,
        group=group or _group_of_its_own(encoded),
        language=language,
    )


def _group_of_its_own(text: bytes) -> str:
    return f"text:{hashlib.blake2b(text, digest_size=8).hexdigest()}"


def parse_json(data: bytes) -> object:
    """The value of JSON in UTF-8; raises ValueError if it is none.

    Accepts what Python's own writer makes of floats and broken strings (`NaN`, halves of surrogate pairs), because
    it stands in many data sets and most often in fields that nobody reads.
    """
    try:
        return _decode_strictly(data)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(data.decode())
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
