"""Bad input to `python -m experiments`, `python -m figures` and `python -m mixsched`."""

from tests.bad_inputs.case import Case
from tests.bad_inputs.changes import circle, folder_for, put
from tests.bad_inputs.training import RUN

PLAN = """
seed = 0
rows = { text = 5_000, code = 300 }
[schedule]
batch_size = 16
context_tokens = 128
[[schedule.phases]]
name = "pretrain"
length = { steps = 150 }
weights = { text = 0.5, code = 0.5 }
"""
STUDYING = (
    Case("a misspelt command", "experiments lst", "did you mean 'list'"),
    Case("a misspelt experiment", "experiments run code2", "did you mean 'code25'"),
    Case("a misspelt figure", "experiments plan --figure=curriculum", "did you mean 'curricula'"),
    Case("no experiment", "experiments run", "say which experiments"),
    Case("no seeds", "experiments status --all --seeds=0", "`--seeds` must be at least 1, got 0"),
    Case("no jobs", "experiments run --all --jobs=0", "`--jobs` must be at least 1, got 0", by_parser=True),
    Case("a misspelt suite", "experiments plan --all --suite=nanno", "did you mean 'nano'"),
    Case("a misspelt judge", "experiments plan --all --judge=openai:", "openai:MODEL or none"),
    Case("a folder that isn't there", "experiments list --experiments=nowhere", "'nowhere'"),
    Case("a file for the folder of runs", "experiments status --all --runs=code25.py", "code25.py"),
    Case("a misspelt option", "experiments list --runz 3", "--runs", by_parser=True),
)
DRAWING = (
    Case("a misspelt figure", "figures draw 44 --runs=runs", "did you mean '4'"),
    Case("no figure", "figures draw --runs=runs", "must name a figure or more"),
    Case("a misspelt command", "figures draww", "draw", by_parser=True),
    Case("runs that aren't there", "figures draw 4 --runs=nowhere", "nowhere"),
    Case("an empty folder", "figures curves --runs=empty", "is no run and holds none", folder_for("empty")),
    Case("no rows where they are kept", "figures all", "experiments/results"),
    Case("an empty file of rows", "figures draw 4 --runs=rows.jsonl", "rows.jsonl", put("rows.jsonl", "")),
    Case("a row that is none", "figures draw 4 --runs=rows.jsonl", "rows.jsonl", put("rows.jsonl", "{}\n{}\n")),
    Case("no line of metrics", "figures curves --runs=runs", "holds no line yet", put(f"{RUN}/metrics.jsonl", "")),
    Case(
        "metrics that aren't text",
        "figures curves --runs=runs",
        "metrics.jsonl",
        put(f"{RUN}/metrics.jsonl", b"\xff\n"),
    ),
    Case("a scale that isn't there", "figures draw 4 --runs=runs --scale=470m", "470m"),
    Case("a weight above 1", "figures optimum --runs=runs --code-weight=2", "code"),
    Case("a file for the folder of figures", "figures curves --runs=runs --out=code25.py", "code25.py"),
)
MIXING = (
    Case("a plan that isn't there", "mixsched plan nowhere.toml", "nowhere.toml"),
    Case("a folder for a plan", "mixsched plan runs", "runs"),
    Case(
        "an empty plan", "mixsched plot mine.toml -o mix.png", "lacks schedule; write [schedule]", put("mine.toml", "")
    ),
    Case("a plan that can't be read", "mixsched plan mine.toml", "mine.toml", circle("mine.toml")),
    Case(
        "a misspelt key",
        "mixsched plot mine.toml -o mix.png",
        "unknown wieghts; its fields are",
        put("mine.toml", PLAN.replace("weights", "wieghts")),
    ),
    Case(
        "weights that add up to more",
        "mixsched plot mine.toml -o mix.png",
        "they add up to 1.2",
        put("mine.toml", PLAN.replace("0.5", "0.6")),
    ),
    Case(
        "a huge number",
        "mixsched plot mine.toml -o mix.png",
        "look for a zero too many",
        put("mine.toml", PLAN.replace("150", "9" * 400)),
    ),
    Case("shards that aren't there", "mixsched plan mine.toml --shards=nowhere", "nowhere", put("mine.toml", PLAN)),
    Case("a picture of no kind", "mixsched plot mine.toml -o mix.bmp", "must end in .png", put("mine.toml", PLAN)),
    Case(
        "nowhere to write to",
        "mixsched plan mine.toml --save=code25.py/x",
        "code25.py",
        put("mine.toml", PLAN),
        prints=True,
    ),
    Case("another plan that isn't there", "mixsched diff mine.toml other.toml", "other.toml", put("mine.toml", PLAN)),
    Case("metrics that aren't there", "mixsched audit nowhere/metrics.jsonl", "nowhere"),
    Case("a misspelt command", "mixsched plna", "plan", by_parser=True),
)
