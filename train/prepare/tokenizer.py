"""The tokenizer: SentencePiece BPE without any normalisation, so that code comes back byte for byte."""

import hashlib
import io
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import sentencepiece
from sentencepiece.sentencepiece_model_pb2 import ModelProto  # pyright: ignore[reportAttributeAccessIssue]

from mixsched.errors import UsageError

# SentencePiece drops longer "sentences"; documents are cut into pieces of at most so many characters.
SENTENCE_CHARACTERS = 2_000
# SentencePiece writes a space as this character, so a text that holds it cannot be told from its tokens.
SPACE_MARK = "\u2581"


class Tokenizer(msgspec.Struct, frozen=True):
    """What of a tokenizer the other stages need."""

    file: Path
    sha256: str
    vocab_size: int
    eos_id: int
    is_exact: bool
    """Whether every text comes back as it was, but for one that holds U+2581."""

    @property
    def dtype(self) -> str:
        """The smallest dtype that holds every id."""
        return "uint16" if self.vocab_size <= 2**16 else "uint32"


def train_tokenizer(texts: Iterable[str], *, vocab_size: int) -> bytes:
    """A SentencePiece BPE model of the texts, in their order; the same texts give the same model.

    Byte fallback makes every string encodable, digits stand alone, runs of spaces and newlines are kept. Raises
    UsageError if the texts do not give so many words.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=_sentences(texts),
            model_writer=model,
            model_type="bpe",
            vocab_size=vocab_size,
            byte_fallback=True,
            split_digits=True,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            max_sentence_length=4 * SENTENCE_CHARACTERS + 1,
            character_coverage=0.9995,
            unk_id=0,
            bos_id=-1,
            eos_id=1,
            pad_id=-1,
            # One thread: the order in which threads see sentences must not decide a merge.
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise UsageError(_why_not(str(error), vocab_size)) from error
    return model.getvalue()


def _why_not(message: str, vocab_size: int) -> str:
    """SentencePiece's reason in words of ours."""
    too_small = re.search(r"smaller than required_chars. \d+ vs (\d+)", message)
    if too_small:
        return f"these documents need a vocabulary of at least {too_small[1]} words, got `--vocab-size` {vocab_size}"
    too_large = re.search(r"set it to a value <= (\d+)", message)
    if too_large:
        return (
            f"these documents give a vocabulary of at most {too_large[1]} words, got `--vocab-size` {vocab_size}; use "
            "a smaller one, or more documents"
        )
    return (
        f"SentencePiece cannot make a vocabulary of {vocab_size} words from these documents "
        f"({message.strip().splitlines()[-1]}); use another `--vocab-size`, or more documents"
    )


def _sentences(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for start in range(0, len(text), SENTENCE_CHARACTERS):
            yield text[start : start + SENTENCE_CHARACTERS]


def load_tokenizer(path: Path) -> sentencepiece.SentencePieceProcessor:
    """The tokenizer of a model file; raises UsageError if it is none."""
    if not path.is_file():
        raise UsageError(f"there is no tokenizer '{path}'; name a .model file of SentencePiece")
    try:
        return sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (RuntimeError, OSError) as error:
        raise UsageError(f"'{path}' is no SentencePiece model; name a .model file of SentencePiece") from error


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a model file; raises UsageError if it has no token for the end of a text."""
    processor = load_tokenizer(path)
    if processor.eos_id() < 0:
        raise UsageError(
            f"the tokenizer '{path}' has no token for the end of a text (EOS), which separates documents; use another"
        )
    model = path.read_bytes()
    return Tokenizer(
        file=path,
        sha256=hashlib.sha256(model).hexdigest(),
        vocab_size=processor.vocab_size(),
        eos_id=processor.eos_id(),
        is_exact=_is_exact(model),
    )


def _is_exact(model: bytes) -> bool:
    """Whether a model changes nothing and has a token for every byte, as those have that are trained here."""
    proto = ModelProto()
    proto.ParseFromString(model)
    spec = proto.normalizer_spec
    changes = spec.precompiled_charsmap or spec.add_dummy_prefix or spec.remove_extra_whitespaces
    changes_back = proto.denormalizer_spec.precompiled_charsmap
    in_pieces = proto.trainer_spec.model_type in (proto.trainer_spec.UNIGRAM, proto.trainer_spec.BPE)
    return in_pieces and proto.trainer_spec.byte_fallback and spec.escape_whitespaces and not (changes or changes_back)
