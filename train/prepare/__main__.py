"""`python -m train.prepare`: documents in, tokenizer, shards and manifests out."""

import dataclasses
from pathlib import Path

import tyro

from mixsched import cli
from mixsched.errors import UsageError
from train.scales import bundled_shards, scale_named


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Make documents into shards of packed token rows, each source with a held-out part.

    python -m train.prepare                              # the bundled corpus for `train --scale nano`

    python -m train.prepare --corpus docs --out shards/mine --vocab-size 8192
    """

    corpus: Path | None = None
    """Folder of .jsonl or .jsonl.xz files whose lines have text, source, origin, licence and group. Default: the
    bundled corpus."""
    out: Path | None = None
    """Folder to make. Default: shards/bundled-v<vocabulary>-c<context>, where `train` looks for it."""
    scale: str = "nano"
    """Take vocabulary and context from this scale: nano, micro, 470m or 2.8b."""
    vocab_size: int | None = None
    """Words of the tokenizer, instead of the scale's."""
    context_tokens: int | None = None
    """Tokens that a row trains on, instead of the scale's."""


def main() -> None:
    """Parse and call."""
    arguments = tyro.cli(Arguments, prog="python -m train.prepare")
    model = scale_named(arguments.scale).model
    vocab_size = arguments.vocab_size or model.vocab_size
    context_tokens = arguments.context_tokens or model.context_tokens
    if arguments.corpus is not None and arguments.out is None:
        raise UsageError("`--corpus` needs `--out`: name the folder for your corpus's shards")
    # SentencePiece and array_record are imported when there is work, so that --help answers at once.
    from train.prepare.corpus import BUNDLED, prepare

    out = arguments.out or bundled_shards(vocab_size=vocab_size, context_tokens=context_tokens)
    prepare(arguments.corpus or BUNDLED, out, vocab_size=vocab_size, context_tokens=context_tokens)
    print(f"prepared '{out}'")


if __name__ == "__main__":
    cli.run(main)
