"""The tokenizer of a run, found with the shards that it was trained on."""

from pathlib import Path

import sentencepiece

from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, tokenizer_fingerprint


def run_tokenizer_file(shards: Path, fingerprint: str) -> Path:
    """The tokenizer's file in a folder of shards; raises UsageError if it is not there, or not the run's."""
    if tokenizer_fingerprint(shards) != fingerprint:
        raise UsageError(f"'{shards}' holds another tokenizer than the run's; name the `--shards` of the run")
    return shards / TOKENIZER_FILE


def run_tokenizer(shards: Path, fingerprint: str) -> sentencepiece.SentencePieceProcessor:
    """The tokenizer in a folder of shards; raises UsageError if it is not there, not the run's, or no tokenizer."""
    path = run_tokenizer_file(shards, fingerprint)
    try:
        return sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (RuntimeError, OSError) as error:
        raise UsageError(f"'{path}' is no SentencePiece model ({error}); restore it") from error
