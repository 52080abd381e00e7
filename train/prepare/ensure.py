"""Makes sure that there are shards to train on: prepares the bundled corpus the first time that it is wanted."""

import fcntl
import json
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
    # SentencePiece, pyarrow and array_record are imported when there is work, so that --help answers at once.
    from train.prepare.corpus import PREPARE_FORMAT, Wanted, prepare
    from train.prepare.recipe import bundled_recipe
    from train.prepare.stages.finishing import RECORD_FILE
    from train.prepare.workers.local import LocalWorkers

    shards.parent.mkdir(parents=True, exist_ok=True)
    recipe, data, stamp = bundled_recipe()
    # Two first runs at once: the second waits and finds the work done.
    with (shards.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shards.exists():
            print(f"preparing the bundled corpus in '{shards}'")
            model = settings.model
            wanted = Wanted(context_tokens=model.context_tokens, vocab_size=model.vocab_size)
            prepare(recipe, data, shards, wanted, workers=LocalWorkers(1), stamp=stamp)
    record = shards / RECORD_FILE
    made = json.loads(record.read_text()) if record.is_file() else {}
    if (made.get("prepare_format"), made.get("stamp")) != (PREPARE_FORMAT, stamp):
        raise UsageError(f"'{shards}' was not made from today's bundled corpus; remove it, and it is made anew")
