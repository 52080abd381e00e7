"""Bad input to `python -m train.prepare` and `python -m eval`."""

from tests.bad_inputs.case import Case
from tests.bad_inputs.changes import cut, folder_for, put
from tests.bad_inputs.training import RUN, SHARD

RECIPE = '[[sources.text.inputs]]\nreader = "jsonl"\nfiles = ["documents.jsonl"]\n'
PREPARE = "train.prepare --vocab-size=640 --context-tokens=32 --out=new"
PREPARING = (
    Case("a corpus that isn't there", f"{PREPARE} --corpus=bundeld", "did you mean 'bundled'"),
    Case("an empty folder", f"{PREPARE} --corpus=documents", "documents", folder_for("documents")),
    Case("an empty file", f"{PREPARE} --corpus=d.jsonl", "d.jsonl", put("d.jsonl", "")),
    Case("a file of no kind that is read", f"{PREPARE} --corpus=d.exe", "d.exe", put("d.exe", b"MZ\0\0")),
    Case("JSON that isn't documents", f"{PREPARE} --corpus=d.jsonl", "text", put("d.jsonl", '{"txt": "a"}\n')),
    Case("a recipe that isn't there", f"{PREPARE} --corpus=mine.toml", "there is no recipe 'mine.toml'"),
    Case("a recipe that isn't TOML", f"{PREPARE} --corpus=mine.toml", "mine.toml", put("mine.toml", "sources = [")),
    Case(
        "a misspelt key in a recipe",
        f"{PREPARE} --corpus=mine.toml",
        "near_duplicates",
        put("mine.toml", "[sources.text]\nnear_duplicate = 0.8\n" + RECIPE),
    ),
    Case("input that isn't there", f"{PREPARE} --corpus=mine.toml", "documents.jsonl", put("mine.toml", RECIPE)),
    Case("no workers", f"{PREPARE} --workers=0", "`--workers` must be at least 1, got 0"),
    Case("no words", f"{PREPARE} --vocab-size=0", "`--vocab-size` must be at least 1, got 0"),
    Case("no context", f"{PREPARE} --context-tokens=0", "context"),
    Case("a tokenizer that isn't there", f"{PREPARE} --tokenizer=t.model", "t.model"),
    Case("an empty tokenizer", f"{PREPARE} --tokenizer=t.model", "t.model", put("t.model", "")),
    Case("a share above 1", f"{PREPARE} --heldout-share=1.5", "must lie in 0..1, 1 excluded, got 1.5"),
    Case("a misspelt place", f"{PREPARE} --on=clster", "--on", by_parser=True),
    Case("a file for the folder to make", f"{PREPARE} --out=code25.py", "code25.py"),
    Case("nothing to check", "train.prepare --check=nowhere", "nowhere"),
    Case(
        "half a shard to check",
        "train.prepare --check=shards",
        "restore the files that are named above",
        cut(SHARD),
        prints=True,
    ),
    Case("rows of no folder", "train.prepare --peek=text", "`--peek` needs `--check`"),
    Case("rows of a source that isn't there", "train.prepare --check=shards --peek=web_cod", "did you mean 'web_code'"),
)
EVALUATING = (
    Case("no run", "eval", "--run", by_parser=True),
    Case("a run that isn't there", "eval --run=nowhere", "is no run: it holds no config.json"),
    Case("a run without its option", f"eval {RUN}", f"python -m eval --run {RUN}"),
    Case("a misspelt command", "eval comparee", "did you mean 'compare'"),
    Case("an empty configuration", f"eval --run={RUN}", "config.json", put(f"{RUN}/config.json", "")),
    Case("half a plan", f"eval --run={RUN}", "plan.json", cut(f"{RUN}/plan.json")),
    Case("a folder for a plan", f"eval --run={RUN}", "plan.json", folder_for(f"{RUN}/plan.json")),
    Case("a misspelt suite", f"eval --run={RUN} --suite=nanno", "did you mean 'nano'"),
    Case("a misspelt task", f"eval --run={RUN} --tasks=nano_close", "did you mean 'nano_cloze'", loads_jax=True),
    Case("a checkpoint that isn't there", f"eval --run={RUN} --step=7", "it has: 16, 32", loads_jax=True),
    Case("no rows", f"eval --run={RUN} --rows=0", "`--rows` must be at least 1, got 0", by_parser=True),
    Case("samples that are all the same", f"eval --run={RUN} --samples=2", "give `--temperature` too", by_parser=True),
    Case("a comparison with nothing", f"eval compare {RUN}", "RUN", by_parser=True),
    Case("a comparison with what is no run", f"eval compare nowhere {RUN}", "nowhere"),
    Case("a table to nowhere", f"eval compare {RUN} {RUN} --json=no/x.json", "there is no folder 'no'"),
    Case("answers of what is no run", "eval show nowhere", "is no run"),
    Case("answers that nobody gave", f"eval show {RUN}", "python -m eval --run"),
    Case("judges of no kind", f"eval judge {RUN} {RUN} --judge=opnai:x", "opnai"),
    Case("no judge", f"eval judge {RUN} {RUN} --task=nano_open", "--judge"),
)
