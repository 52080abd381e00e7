"""Makes sure that there are shards to train on: prepares the bundled corpus the first time that it is wanted."""

from pathlib import Path

from mixsched.errors import UsageError
from train.scales import Scale


def ensure_shards(shards: Path, settings: Scale, *, bundled: bool) -> None:
    """Prepare the bundled corpus into `shards` if it is wanted there and missing.

    Raises UsageError if a folder of the user's own holds no prepared sources.
    """
    if (shards / "tokenizer.model").is_file():
        return
    if not bundled:
        raise UsageError(
            f"'{shards}' holds no tokenizer.model, so it is no folder of prepared sources; "
            "make one with python -m train.prepare"
        )
    # SentencePiece and array_record are imported when there is work, so that --help answers at once.
    from train.prepare.corpus import BUNDLED, prepare

    print(f"preparing the bundled corpus in '{shards}'")
    prepare(BUNDLED, shards, vocab_size=settings.model.vocab_size, context_tokens=settings.model.context_tokens)
