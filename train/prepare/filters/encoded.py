"""How much of a text is data in disguise: long runs of numbers, of hex and of base64."""

import re

# A longer "number" is base64. The bound also keeps a text of digits only from taking time by its square.
_NUMBER = r"\d[\da-fA-FxX._]{0,40}+[uUlL]{0,3}+"
# After a number, bytes of hex without a mark too: the "de ad" of a dump.
_MEMBER = rf"(?:{_NUMBER}|[a-fA-F][\da-fA-F])(?![A-Za-z])"
_NUMBERS = re.compile(rf"{_NUMBER}(?![A-Za-z])(?:[\s,;:|/()\[\]{{}}+-]++{_MEMBER}){{7,}}+", re.ASCII)
# One letter or digit at least, as a rule of 80 slashes is no data.
_BASE64 = re.compile(r"(?=[+/]{0,63}[A-Za-z0-9])[A-Za-z0-9+/]{64,}+={0,2}+")
_ESCAPE = r"\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4})"
_ESCAPES = re.compile(rf"{_ESCAPE}(?:{_ESCAPE}){{7,}}+", re.ASCII)

_BASE64_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_IN_BASE64 = bytes(b"a"[0] if code in _BASE64_LETTERS else b" "[0] for code in range(256))


def data_share(text: str) -> float:
    """Share of the text's characters that stand in long runs of data; 0 to 1.

    A run is 64 characters of base64 (or of plain hex), or 8 `\\x41` or `\\u0041` escapes, or 8 numbers or hex bytes
    with nothing but blanks, brackets, signs and `, ; : | /` between them. After the "encoded data filter" of The
    Stack v2 (arXiv 2402.19173), which drops files over 0.5; runs of decimal numbers are our addition, and a line
    end does not join base64, so that a list of words is no data.

    >>> data_share("p = [" + "12, " * 7 + "12]")
    0.8333333333333334
    """
    if not text:
        return 0.0
    rest = text
    if _may_hold_base64(text):
        rest = _BASE64.sub("", rest)
    if "\\" in rest:
        rest = _ESCAPES.sub("", rest)
    rest = _NUMBERS.sub("", rest)
    return 1 - len(rest) / len(text)


def _may_hold_base64(text: str) -> bool:
    """A quick look, 10 times the regular expression's speed, that spares most texts the search."""
    return b"a" * 64 in text.encode("ascii", "replace").translate(_IN_BASE64)
