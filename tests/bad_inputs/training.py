"""Bad input to `python -m train` and `python -m train.ahead`."""

from tests.bad_inputs.case import Case
from tests.bad_inputs.changes import Change, circle, cut, folder_for, put, remove, replaced

HEAD = "from train.experiment import Experiment, Stage\n"
RUN = "runs/code25-nano-seed0"


def mix(text: str) -> Change:
    """An experiment file of one stage with this mix."""
    return put("mine.py", f"{HEAD}experiment = Experiment((Stage('pretrain', 10**11, {text}),))\n")


TRAIN = "train --exp=code25.py --shards=shards --runs=runs TINY"
PLANNED = "train --exp=code25.py --plan"
MANIFEST = "shards/text/manifest.json"
SHARD = "shards/text/00000-of-00001.array_record"

TRAINING = (
    Case("no experiment", "train", "--exp", by_parser=True),
    Case("an experiment that isn't there", "train --exp=code52.py", "did you mean 'code25'"),
    Case("an empty experiment", "train --exp=mine.py", "must define `experiment", put("mine.py", "")),
    Case("a folder for an experiment", "train --exp=mine.py", "mine.py", folder_for("mine.py")),
    Case("an experiment that can't be read", "train --exp=mine.py", "mine.py", circle("mine.py")),
    Case("an experiment that isn't text", "train --exp=mine.py", "mine.py", put("mine.py", b"\xff\xfe\x00")),
    Case("an experiment by an odd name", "train --exp='my mix;.py' --plan", "my mix", put("my mix;.py", "x = 1")),
    Case("weights that add up to less", "train --exp=mine.py --plan", "add up to 0.9", mix("{'a': 0.5, 'b': 0.4}")),
    Case("a negative weight", "train --exp=mine.py --plan", "not be negative", mix("{'a': 1.5, 'b': -0.5}")),
    Case(
        "a source that isn't there",
        f"{TRAIN} --exp=mine.py --runs=new",
        "did you mean 'text'",
        mix("{'texts': 1}"),
        loads_jax=True,
    ),
    Case("a misspelt scale", "train --exp=code25.py --scale=nanno", "did you mean 'nano'"),
    Case("a misspelt option", "train --exp=code25.py --model.widht=9", "--model.width", by_parser=True),
    Case("a word for a number", "train --exp=code25.py --batch-size=many", "--batch-size", by_parser=True),
    Case("a negative number", f"{PLANNED} --batch-size=-1", "`batch_size` must be at least 1, got -1"),
    Case("a huge number", f"{PLANNED} --batch-size=99999999999999999999", "look for a zero too many"),
    Case(
        "a huge model", f"{TRAIN} --runs=new --model.width=2000000000000", "`width` must be below 2**31", by_parser=True
    ),
    Case("no number", f"{PLANNED} --optimizer.peak-lr=nan", "above 0 and finite, got nan", by_parser=True),
    Case("a seed below 0", f"{PLANNED} --seed=-1", "0..2**32-1, got -1", by_parser=True),
    Case("a seed that JAX would cut", f"{PLANNED} --seed=4294967296", "0..2**32-1, got 4294967296", by_parser=True),
    Case("a topology that is none", f"{PLANNED} --topology=v5e:3x", "as in v5e:16x16, got 'v5e:3x'"),
    Case(
        "steps that are none",
        f"{TRAIN} --profile-steps=25:20",
        "FIRST:STOP with FIRST below STOP, got '25:20'",
        by_parser=True,
    ),
    Case("a change without a run", f"{TRAIN} --amend=change.toml", "give `--resume` with it", by_parser=True),
    Case("a change that isn't there", f"{TRAIN} --resume --amend=change.toml", "change.toml"),
    Case(
        "a change with a misspelt key",
        f"{TRAIN} --resume --amend=change.toml",
        "unknown wieghts; its fields are at_step, reason, until_step, weights",
        put("change.toml", "wieghts = { text = 1 }"),
    ),
    Case("a file for the folder of runs", f"{TRAIN} --runs=code25.py", "code25.py", loads_jax=True),
    Case(
        "a file for the folder of programs",
        f"{TRAIN} --compilation-cache=code25.py",
        "must be a folder",
        by_parser=True,
    ),
    Case("shards that aren't there", f"{TRAIN} --shards=nowhere", "holds no tokenizer.model"),
    Case("a file for shards", f"{TRAIN} --shards=code25.py", "code25.py"),
    Case(
        "a missing shard",
        f"{TRAIN} --runs=new",
        "00000-of-00001.array_record' is missing",
        remove(SHARD),
        loads_jax=True,
    ),
    Case("half a shard", f"{TRAIN} --runs=new", "truncated", cut(SHARD), loads_jax=True),
    Case("an empty shard", f"{TRAIN} --runs=new", "truncated", put(SHARD, ""), loads_jax=True),
    Case("a folder for a shard", f"{TRAIN} --runs=new", SHARD, folder_for(SHARD), loads_jax=True),
    Case("no tokenizer", f"{TRAIN} --runs=new", "holds no tokenizer.model", remove("shards/tokenizer.model")),
    Case("an empty manifest", f"{TRAIN} --runs=new", MANIFEST, put(MANIFEST, ""), loads_jax=True),
    Case("half a manifest", f"{TRAIN} --runs=new", MANIFEST, cut(MANIFEST), loads_jax=True),
    Case(
        "a manifest that can't be read",
        f"{TRAIN} --runs=new",
        "names the source 'text', which is not in 'shards'",
        circle(MANIFEST),
        loads_jax=True,
    ),
    Case(
        "another vocabulary",
        f"{TRAIN} --runs=new --model.vocab-size=4096",
        "has 640 words, this model has 4,096",
        loads_jax=True,
    ),
    Case(
        "another context",
        f"{TRAIN} --runs=new --model.context-tokens=64",
        "have context 32, this run needs 64",
        loads_jax=True,
    ),
    Case("a run that is there", TRAIN, "continue it with `--resume`", loads_jax=True),
    Case(
        "a run to go on with another rate",
        f"{TRAIN} --resume --optimizer.peak-lr=0.1",
        "peak_lr was 0.004, now 0.1",
        loads_jax=True,
    ),
    Case(
        "a run to go on with another seed",
        f"{TRAIN} --resume",
        "seed",
        replaced(f"{RUN}/config.json", '"seed": 0', '"seed": 3'),
        loads_jax=True,
    ),
    Case("a slice that isn't one", "train.ahead --topology=v5e:3x", "as in v5e:16x16, got 'v5e:3x'"),
    Case("a scale that isn't one", "train.ahead --scale=471m", "did you mean '470m'"),
    Case("nowhere to write to", "train.ahead --save=nowhere/x.json", "lies in no folder that exists", by_parser=True),
)
