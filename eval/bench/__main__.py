"""`python -m eval.bench`: what evaluation costs, each part beside the plain way of doing it, in one run."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import tyro

from eval.bench import programs
from mixsched import cli
from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, tokenizer_fingerprint

Rows = list[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Time the evaluation of a new nano model, and programs in their sandboxes.

    python -m eval.bench
    """

    shards: Path = Path("shards/bundled-v2048-c256")
    """Prepared sources, whose held-out text questions are made of."""
    items: int = 500
    """Questions of four choices to score."""
    repeats: int = 3
    """Rounds, after one that compiles; told is the median."""


def model_figures(shards: Path, *, items: int, repeats: int) -> Rows:
    """Rows of what scoring and generation cost, on all devices; raises UsageError if the shards are not nano's."""
    # JAX takes seconds to import, and `--help` has no need of it.
    import jax
    import sentencepiece

    from eval.bench import generation, scoring
    from model.config import SIZES
    from model.serving import serving
    from model.sharding import device_mesh
    from model.transformer import Transformer

    tokenizer_fingerprint(shards)
    config, mesh = SIZES["nano"], device_mesh()
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(shards / TOKENIZER_FILE))
    if tokenizer.vocab_size() != config.vocab_size:
        raise UsageError(
            f"`--shards` {shards} has a tokenizer of {tokenizer.vocab_size():,} words, nano has {config.vocab_size:,}; "
            "name shards that were prepared for it"
        )
    model = serving(Transformer(config, key=jax.random.key(0)), mesh)
    texts = scoring.choice_texts(shards, items=items, context_tokens=config.context_tokens, eos=tokenizer.eos_id())
    prompts = [text.tokens[: text.asked] for text in texts[:: scoring.CHOICES]][:64]
    return [
        *scoring.figures(model, texts, mesh=mesh, repeats=repeats),
        *generation.figures(model, prompts, tokenizer, mesh=mesh, repeats=repeats),
    ]


def main() -> None:
    """Parse, measure, print."""
    arguments = tyro.cli(Arguments, prog="python -m eval.bench")
    for name in ("items", "repeats"):
        if getattr(arguments, name) < 1:
            raise UsageError(f"`--{name}` must be at least 1, got {getattr(arguments, name)}")
    parts: list[Callable[[], Rows]] = [
        lambda: model_figures(arguments.shards, items=arguments.items, repeats=arguments.repeats),
        lambda: programs.figures(repeats=arguments.repeats),
    ]
    for part in parts:
        for what, how_much in part():
            print(f"{what:<76}  {how_much}")


if __name__ == "__main__":
    cli.run(main)
