"""Which rows are wanted: vocabulary, context and tokenizer, from the command line, the recipe or the scale."""

from pathlib import Path

from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE
from train.prepare.corpus import Wanted
from train.prepare.recipe import Recipe
from train.prepare.tokenizer import load_tokenizer
from train.scales import scale_named

_MAX_CONTEXT_TOKENS = 1_048_576


def wanted_rows(
    recipe: Recipe,
    data: Path,
    *,
    scale: str | None,
    vocab_size: int | None,
    context_tokens: int | None,
    tokenizer: Path | None,
) -> Wanted:
    """What `prepare` shall make; raises UsageError for what is out of its range, or does not fit the tokenizer.

    A tokenizer that is there already says how large the vocabulary is: `--tokenizer`, else the recipe's `model`.
    """
    for option, value in (("vocab-size", vocab_size), ("context-tokens", context_tokens)):
        if value is not None and value < 1:
            raise UsageError(f"`--{option}` must be at least 1, got {value}")
    if context_tokens is not None and context_tokens > _MAX_CONTEXT_TOKENS:
        raise UsageError(f"`--context-tokens` must be at most {_MAX_CONTEXT_TOKENS:,}, got {context_tokens:,}")
    model = scale_named(scale or "nano").model
    own = _model_file(tokenizer) if tokenizer is not None else None
    there = own or (data / recipe.tokenizer.model if recipe.tokenizer.model else None)
    if there is not None:
        words = _words(there, vocab_size)
    else:
        words = vocab_size or (None if scale else recipe.tokenizer.vocab_size) or model.vocab_size
    return Wanted(context_tokens=context_tokens or model.context_tokens, vocab_size=words, tokenizer=own)


def _model_file(tokenizer: Path) -> Path:
    """The file of `--tokenizer`, which may be a prepared folder that holds one."""
    path = tokenizer.expanduser().absolute()
    if path.is_dir():
        path = path / TOKENIZER_FILE
    if not path.is_file():
        raise UsageError(
            f"`--tokenizer`: there is no file '{path}'; name a .model file of SentencePiece, or a prepared folder"
        )
    return path


def _words(model: Path, vocab_size: int | None) -> int:
    if not model.is_file():
        raise UsageError(f"`model` under [tokenizer]: there is no file '{model}'; correct it, or put the file there")
    words = load_tokenizer(model).vocab_size()
    if vocab_size not in (None, words):
        raise UsageError(f"the tokenizer '{model}' has {words:,} words, not {vocab_size:,}; leave out `--vocab-size`")
    return words
