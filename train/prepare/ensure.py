"""Makes sure that there are shards to train on: prepares the bundled corpus the first time that it is wanted."""

import fcntl
from pathlib import Path

from mixsched.errors import UsageError
from mixsched.shards import tokenizer_fingerprint
from train.scales import Scale


def ensure_shards(shards: Path, settings: Scale, *, bundled: bool) -> None:
    """Prepare the bundled corpus into `shards` if it is wanted there and missing.

    Raises UsageError if a folder of the user's own holds no prepared sources, or if the bundled corpus in `shards`
    was prepared from other documents, or in another way, than today's.
    """
    if not bundled:
        tokenizer_fingerprint(shards)
        return
    # SentencePiece and array_record are imported when there is work, so that --help answers at once.
    from train.prepare.corpus import BUNDLED, STAMP_FILE, prepare, stamp

    shards.parent.mkdir(parents=True, exist_ok=True)
    # Two first runs at once: the second waits and finds the work done.
    with (shards.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shards.exists():
            print(f"preparing the bundled corpus in '{shards}'")
            model = settings.model
            prepare(BUNDLED, shards, vocab_size=model.vocab_size, context_tokens=model.context_tokens)
    made = shards / STAMP_FILE
    if not made.is_file() or made.read_text() != stamp(BUNDLED):
        raise UsageError(f"'{shards}' was not made from today's bundled corpus; remove it, and it is made anew")
