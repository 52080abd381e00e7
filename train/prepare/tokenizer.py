"""The tokenizer: SentencePiece BPE without any normalisation, so that code comes back byte for byte."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import sentencepiece

from train.corpora.document import Document

# Bytes of training text at most; more takes longer and changes few pieces of a small vocabulary.
SAMPLE_BYTES = 6_000_000
# SentencePiece drops longer "sentences"; documents are cut into pieces of at most so many characters.
SENTENCE_CHARACTERS = 2_000


def train_tokenizer(documents: Mapping[str, Sequence[Document]], *, vocab_size: int) -> bytes:
    """A SentencePiece BPE model trained on an equal share of bytes of each source, text four times.

    Byte fallback makes every string encodable, digits stand alone, runs of spaces and newlines are kept. The same
    documents give the same model.
    """
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=_sample(documents),
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
    return model.getvalue()


def load_tokenizer(path: Path) -> sentencepiece.SentencePieceProcessor:
    """The tokenizer of a model file."""
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def _sample(documents: Mapping[str, Sequence[Document]]) -> Iterator[str]:
    parts = {source: 4 if source == "text" else 1 for source in documents}
    for source, held in documents.items():
        left = SAMPLE_BYTES * parts[source] // sum(parts.values())
        for document in held:
            if left <= 0:
                break
            left -= len(document.text.encode())
            for start in range(0, len(document.text), SENTENCE_CHARACTERS):
                yield document.text[start : start + SENTENCE_CHARACTERS]
