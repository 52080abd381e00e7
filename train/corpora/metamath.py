"""Theorems of set.mm: what the comment says, what is given, and the statement in usual symbols."""

import re
from collections.abc import Iterator, Mapping

from train.corpora.admit import Bucket, pick, shuffled
from train.corpora.document import Document
from train.corpora.fetch import BuildError, Unpacked

_PATH = "usr/share/metamath/databases/set.mm"
_MIN_COMMENT_CHARACTERS = 60
_TOKEN = re.compile(
    r"\$\((?P<comment>.*?)\$\)|(?P<open>\$\{)|(?P<close>\$\})"
    r"|(?P<label>\S+)\s+\$(?P<kind>[eap])\s(?P<statement>.*?)\$[=.]",
    re.DOTALL,
)
_CREDIT = re.compile(
    r"\((Contributed|Revised|Proof\s+shortened|Proof\s+modification|New\s+usage)[^()]*"
    r"(\([^()]*\)[^()]*)*\)"
)
# The mathematical signs are meant, whatever letters they look like.
# ruff: noqa: RUF001
_SYMBOLS = {
    "->": "→", "<->": "↔", "-.": "¬", "/\\": "∧", "\\/": "∨", "A.": "∀", "E.": "∃", "E!": "∃!",
    "e.": "∈", "e/": "∉", "C_": "⊆", "C.": "⊂", "u.": "∪", "i^i": "∩", "U.": "⋃", "|^|": "⋂",
    "(/)": "∅", "_V": "V", "<.": "⟨", ">.": "⟩", "X.": "×", "x.": "·", "=/=": "≠", "<_": "≤",
    "RR": "ℝ", "CC": "ℂ", "NN": "ℕ", "NN0": "ℕ₀", "ZZ": "ℤ", "QQ": "ℚ", "RR*": "ℝ*", "_i": "i",
    "|->": "↦", "-->": "⟶", "o.": "∘", "|`": "↾", "`": "‘", "ph": "φ", "ps": "ψ", "ch": "χ",
    "th": "θ", "ta": "τ", "sum_": "∑", "prod_": "∏", "sqr": "√", "pi": "π", "~~": "≈",
}  # fmt: skip
_LAYOUTS = (
    "Theorem {label}. {comment}\n{given}{statement}\n",
    "{comment}\n\n{given}Theorem ({label}): {statement}\n",
    "Statement {label}\n{given}{statement}\n\nIn words: {comment}\n",
)


def metamath_bucket(packages: Mapping[str, Unpacked]) -> Bucket:
    """One document a theorem or axiom that has a comment of some length."""
    unpacked = packages["metamath-databases"]
    path = unpacked.root / _PATH
    if not path.exists():
        raise BuildError(f"{unpacked.package.label} has no {_PATH}")
    origin = f"{unpacked.package.label}/{_PATH}"
    documents = _theorems(path.read_text(encoding="utf-8"), origin)
    return Bucket("set.mm", 700_000, shuffled(documents))


def _theorems(text: str, origin: str) -> Iterator[Document]:
    given: list[list[str]] = [[]]
    comment = ""
    for token in _TOKEN.finditer(text):
        if token["open"]:
            given.append([])
        elif token["close"]:
            given.pop()
        elif token["comment"] is not None:
            comment = token["comment"]
        elif token["kind"] == "e":
            given[-1].append(_readable(token["statement"]))
        else:
            words = _plain_comment(comment)
            if _is_wanted(token["label"], token["statement"], words):
                hypotheses = [line for scope in given for line in scope]
                yield _document(token["label"], words, hypotheses, token["statement"], origin)
            comment = ""


def _is_wanted(label: str, statement: str, comment: str) -> bool:
    is_variant = re.search(r"(OLD|ALT|VD)\w*$", label)
    return statement.split()[0] == "|-" and not is_variant and len(comment) >= _MIN_COMMENT_CHARACTERS


def _document(label: str, comment: str, given: list[str], statement: str, origin: str) -> Document:
    lines = "".join(f"Given: {line}\n" for line in given)
    layout = pick("theorem", label, _LAYOUTS)
    return Document(
        text=layout.format(label=label, comment=comment, given=lines, statement=_readable(statement)),
        source="math",
        origin=f"{origin}#{label}",
        licence="CC0-1.0",
        # Variants of a theorem end in a digit or one letter.
        group=f"theorem:{re.sub(r'[0-9]*[a-z]?$', '', label) or label}",
    )


def _readable(statement: str) -> str:
    words = [_SYMBOLS.get(word, word) for word in statement.split()]
    return " ".join(words[1:] if words[0] == "|-" else words)


def _plain_comment(comment: str) -> str:
    """The comment without credits and without set.mm's marks for symbols and links."""
    text = _CREDIT.sub("", comment)
    text = re.sub(r"~\s+(\S+)", r"\1", text)
    text = re.sub(r"(?<!`)`([^`]*)`(?!`)", lambda found: _readable_inline(found.group(1)), text)
    text = re.sub(r"\[([A-Za-z]+)\d*\]", r"\1", text)
    text = re.sub(r"\s+([.,;:)])", r"\1", " ".join(text.split()))
    return re.sub(r"(?<!\w)_(\w[^_]*)_", r"\1", text).strip()


def _readable_inline(symbols: str) -> str:
    return f" {_readable(symbols)} " if symbols.split() else ""
