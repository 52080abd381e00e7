"""Every bad input to every command line, typed for real: one sentence that says what to do, exit code 2, no trace."""

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eval.rundir import RunFolder
from tests.bad_inputs.case import Case
from tests.bad_inputs.running import AT_ONCE, CASES, Outcome, call, environment, make_world, outcomes

ALL = {f"{part}: {case.what}": case for part, cases in CASES.items() for case in cases if not case.loads_jax}
HELP = (
    *("train", "train.prepare", "train.ahead", "eval", "eval compare", "eval show", "eval judge", "eval tasks"),
    *("experiments", *(f"experiments {word}" for word in ("list", "plan", "run", "status", "keep"))),
    *("figures", *(f"figures {word}" for word in ("all", "draw", "curves", "optimum"))),
    *("mixsched", *(f"mixsched {word}" for word in ("plan", "plot", "diff", "audit"))),
)


def wanted(request: pytest.FixtureRequest, name: str) -> list[str]:
    """The values of a parameter in the tests that this session has chosen, so that no others are run ahead."""
    ours = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    chosen = [item.callspec.params.get(name) for item in ours if hasattr(item, "callspec")]
    return [str(value) for value in dict.fromkeys(chosen) if value is not None]


@pytest.fixture(scope="module")
def told(
    request: pytest.FixtureRequest, shards: Path, finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """What each chosen case said: all are run ahead, a few at a time."""
    folder = tmp_path_factory.mktemp("bad-inputs")
    world = make_world(folder / "world", shards, finished_run.path)
    names = wanted(request, "mistake")
    return dict(zip(names, outcomes([ALL[name] for name in names], world, folder), strict=True))


@pytest.fixture(scope="module")
def helped(request: pytest.FixtureRequest) -> dict[str, subprocess.CompletedProcess[str]]:
    """What each chosen command says to `--help`."""
    commands = wanted(request, "command")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = pool.map(lambda command: call([*command.split(), "--help"], Path.cwd()), commands)
        return dict(zip(commands, said, strict=True))


def test_no_two_cases_have_a_name() -> None:
    assert len(ALL) == sum(not case.loads_jax for cases in CASES.values() for case in cases)


@pytest.mark.parametrize("mistake", ALL)
def test_a_mistake_is_one_sentence_and_leaves_no_trace(told: dict[str, Outcome], mistake: str) -> None:
    assert faults(ALL[mistake], told[mistake]) == []


def faults(case: Case, outcome: Outcome) -> list[str]:
    """What a refusal lacks, in words."""
    sentence = outcome.errors.startswith("error: ") and outcome.errors.count("\n") == 1
    holds = {
        f"exit code {outcome.code}: {outcome.errors}": outcome.code == 2,
        f"does not say {case.said!r}: {outcome.errors}": case.said in outcome.words,
        f"a traceback: {outcome.errors}": "Traceback" not in outcome.errors,
        f"not one sentence: {outcome.errors}": sentence != case.by_parser,
        f"said before it was refused: {outcome.out}": case.prints or not outcome.out,
        f"touched {outcome.touched}": not outcome.touched,
    }
    return [fault for fault, well in holds.items() if not well]


def test_what_a_refusal_lacks_is_found() -> None:
    case = Case("a mistake", "train", "name another")
    good = Outcome(2, "", "error: no; name another\n", [])
    assert faults(case, good) == []
    wrong = {"code": 1, "out": "step 1", "errors": "error: no\nand no\n", "touched": ["runs"]}
    for name, value in wrong.items():
        assert faults(case, dataclasses.replace(good, **{name: value}))


@pytest.mark.parametrize("command", HELP)
def test_help_is_given(helped: dict[str, subprocess.CompletedProcess[str]], command: str) -> None:
    done = helped[command]
    assert (done.returncode, done.stderr) == (0, "")
    assert command.split()[0] in done.stdout


@pytest.mark.parametrize("words", ["experiments list", "eval tasks", "mixsched plan experiments/plans/text_only.toml"])
def test_a_reader_that_leaves_early_is_no_error(words: str) -> None:
    command = [sys.executable, "-m", *words.split()]
    with subprocess.Popen(
        command, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # As `| head -0` leaves: before anything is written.
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
