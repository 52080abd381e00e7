"""Experiments that start from others: found by name, their plans extended, and every way in which that can't be."""

from fractions import Fraction
from pathlib import Path

import pytest

from mixsched.errors import UsageError
from train.lineage import load_lineage
from train.load_experiment import experiment_files
from train.scales import SCALES
from train.told import tell

NANO = SCALES["nano"]
COOLDOWN = Path("experiments/balanced_to_text_cooldown_with_code.py")
HEAD = "from train.experiment import Anneal, Cosine, Experiment, Stage\n"


def written(folder: Path, **bodies: str) -> None:
    for name, body in bodies.items():
        (folder / f"{name}.py").write_text(f"{HEAD}{body}\n")


def starting(parent: str | None, stage: str = "own", more: str = "") -> str:
    return f"experiment = Experiment((Stage({stage!r}, 10**9, {{'text': 1}}),), starts_from={parent!r}{more})"


def plan_of(path: Path):
    lineage = load_lineage(path)
    return lineage.plan(NANO, dict.fromkeys(lineage.schedule(NANO).sources, 1_000), seed=5)


def test_a_lineage_reaches_back_to_the_oldest():
    lineage = load_lineage(COOLDOWN)
    assert lineage.names == ("code50", "balanced_to_text", COOLDOWN.stem)
    assert (lineage.name, lineage.parent) == (COOLDOWN.stem, "balanced_to_text")
    assert [phase.name for phase in lineage.schedule(NANO).phases] == ["pretrain", "continue", "cooldown"]
    assert (lineage.first_step(NANO), lineage.own_steps(NANO), lineage.own_tokens(NANO)) == (490, 49, 49 * 16 * 256)
    assert lineage.origin is not None
    assert lineage.origin.names == ("code50", "balanced_to_text")


def test_the_plan_of_each_goes_on_from_the_plan_before_it():
    plan = plan_of(COOLDOWN)
    assert plan.extended_at == (245, 490)
    origin = plan.origin
    assert origin is not None
    assert origin == plan_of(Path("experiments/balanced_to_text.py"))
    assert origin.origin == plan_of(Path("experiments/code50.py"))
    assert plan.learning_rate(490) < plan.learning_rate(489) == pytest.approx(1e-3, rel=1e-3)
    assert plan.learning_rate(538) == pytest.approx(1e-6)


def test_an_experiment_elsewhere_may_start_from_one_of_this_project(tmp_path):
    written(tmp_path, mine=starting("code50"))
    assert load_lineage(tmp_path / "mine.py").names == ("code50", "mine")


def test_a_file_beside_it_goes_before_one_of_this_project(tmp_path):
    written(tmp_path, mine=starting("code50"), code50=starting(None, "first"))
    assert load_lineage(tmp_path / "mine.py").files == (tmp_path / "code50.py", tmp_path / "mine.py")


def test_a_curve_goes_on_over_the_next_stage():
    early, whole = (load_lineage(Path(f"experiments/{name}.py")).schedule(NANO) for name in ("code_early", "code25"))
    # Two halves are rounded up to whole steps each.
    assert early.total_steps == whole.total_steps + 1
    assert [early.learning_rate(step) for step in (0, 6, 200)] == pytest.approx(
        [whole.learning_rate(step) for step in (0, 6, 200)], rel=0.02
    )


@pytest.mark.parametrize(
    ("bodies", "said"),
    [
        ({"mine": starting("code52")}, r"mine.py' starts from 'code52', which is no experiment; did you mean 'code"),
        ({"mine": starting("mine")}, r"mine.py' starts from itself: mine -> mine"),
        ({"mine": starting("b"), "b": starting("mine", "other")}, r"b.py' starts from itself: mine -> b -> mine"),
        ({"mine": starting("b"), "b": starting("c"), "c": starting("b")}, r"c.py' starts from itself: b -> c -> b"),
        ({"mine": starting("b"), "b": "1 / 0"}, r"b.py' raised at line 2: .* \('.*mine.py' starts from it\)"),
        ({"mine": starting("b"), "b": "x = = 1"}, r"b.py' is not valid Python at line 2: .*mine.py' starts from it"),
        ({"mine": starting("code50", "pretrain")}, r"'pretrain' of '.*mine.py' is a stage of code50 too"),
        ({"mine": starting("experiments/code50.py")}, r"`starts_from` must be the name of an experiment, .*code50'"),
        ({"mine": "experiment = Experiment(())"}, r"`stages` must hold at least one Stage"),
        (
            {"mine": "experiment = Experiment((Stage('a', 10**9, {'text': 1}, lr=None),), starts_from='code50')"},
            r"`lr` of stage 'a' must be Cosine\(\) or Anneal\(\), for it is the first stage here",
        ),
    ],
)
def test_a_lineage_that_cannot_be_is_refused(tmp_path, bodies, said):
    written(tmp_path, **bodies)
    with pytest.raises(UsageError, match=said):
        load_lineage(tmp_path / "mine.py")


def repeated(epochs: str, parent: str | None = None) -> str:
    mix = "{'text': 0.9, 'web_code': 0.1}"
    return f"experiment = Experiment((Stage('a', 10**11, {mix}),), starts_from={parent!r}, epochs={epochs})"


def test_a_source_of_which_so_many_epochs_are_wanted_is_cut_to_a_pool(tmp_path):
    """123 steps of 16 samples, a tenth of it 196.8: 50 rows are passed over four times, but for three samples."""
    written(tmp_path, mine=repeated("{'web_code': 4}"))
    plan = plan_of(tmp_path / "mine.py")
    assert plan.expected(123)[1] == Fraction(123 * 16, 10)
    assert plan.pool_rows == {"text": 1_000, "web_code": 50}
    read = plan.batches(0, 123)
    assert len(set(read.record[read.source == 1].tolist())) == 50


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            repeated("{'web_cod': 4}"),
            r"`epochs` names 'web_cod', which is in no stage's mix; did you mean 'web_code'\?",
        ),
        (repeated("{'web_code': 0}"), r"`epochs` of 'web_code' must be a whole number of at least 1, got 0"),
        (repeated("{'web_code': 1.5}"), r"`epochs` of 'web_code' must be a whole number of at least 1, got 1.5"),
        (repeated("4"), r"`epochs` must be a mapping by source, as in \{'synthetic': 4\}, got 4"),
        (repeated("{'web_code': 4}", "code50"), r"`epochs` can't be given together with `starts_from`"),
    ],
)
def test_epochs_that_cannot_be_are_refused(tmp_path, body, said):
    written(tmp_path, mine=body)
    with pytest.raises(UsageError, match=said):
        load_lineage(tmp_path / "mine.py")


def test_a_source_too_small_for_its_epochs_says_what_is_there_and_what_would_do(tmp_path):
    written(tmp_path, mine=repeated("{'web_code': 2}"))
    lineage = load_lineage(tmp_path / "mine.py")
    with pytest.raises(UsageError, match=r"takes 99 rows \(25,344 tokens\) of it, there are 40 \(10,240 .* 5 times"):
        lineage.plan(NANO, {"text": 10, "web_code": 40}, seed=0)
    written(tmp_path, mine=repeated("{'web_code': 5}"))
    assert load_lineage(tmp_path / "mine.py").plan(NANO, {"text": 10, "web_code": 40}, seed=0).pools == {"web_code": 40}


def test_what_is_told_of_a_child_says_whose_steps_are_whose_and_costs_its_own_alone():
    told = tell(load_lineage(COOLDOWN), SCALES["470m"], "470m", shards=Path("no/shards")).splitlines()
    assert any(line.startswith("pretrain  0..47,683 ") for line in told)
    assert (
        "steps 0..47,683 are of code50, 47,684..95,367 are of balanced_to_text, from which it starts; "
        "its own are 95,368..104,904:" in told
    )
    assert any(line.startswith("9,537 steps of 512 samples x 8,192 tokens = 40,001,077,248 tokens") for line in told)
    assert any(line.startswith("1,024 TPU v5e chip-hours") for line in told)


def test_what_is_told_of_an_algorithm_says_that_the_weights_are_where_it_begins():
    told = tell(load_lineage(Path("experiments/code_adaptive.py")), SCALES["470m"], "470m", shards=Path("no/shards"))
    assert "the weights of pretrain are where ADO begins: it fits the losses every 1,000 steps and sets the" in told
    assert "every 500, so" in told


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("(Stage('a', 10**9, {'text': 1}), Stage('b', 10**9, {'text': 1}))", r"so it takes one stage of constant"),
        ("(Stage('a', 10**9, Ramp({'text': 1}, {'code': 1})),)", r"so it takes one stage of constant"),
        ("(Stage('a', 10**9, {'text': 1}),), epochs={'text': 2}", r"`epochs` can't be given together with `adaptive`"),
    ],
)
def test_what_an_algorithm_would_pass_over_is_refused(tmp_path, body, said):
    more = "from mixsched import Ramp\nfrom train.experiment import Adaptive\n"
    written(tmp_path, mine=f"{more}experiment = Experiment({body}, adaptive=Adaptive())")
    with pytest.raises(UsageError, match=said):
        load_lineage(tmp_path / "mine.py")


def test_what_is_told_of_epochs_names_the_tokens_that_they_take():
    lineage = load_lineage(Path("experiments/synthetic_epochs04.py"))
    told = tell(lineage, SCALES["470m"], "470m", shards=Path("no/shards"))
    assert "5,000,036,352 different tokens of synthetic are needed; the paper's source has 3.2B" in told


def test_experiment_files_are_those_that_assign_experiment_and_those_that_are_broken(tmp_path):
    written(
        tmp_path,
        plain=starting(None),
        typed=starting(None).replace("experiment =", "experiment: Experiment ="),
        broken="experiment = = 1",
        mixes="MIX = {'text': 1}",
        inner="def f():\n    experiment = 1",
        declared="experiment: Experiment",
    )
    (tmp_path / "bytes.py").write_bytes(b"\xff\x00")
    (tmp_path / "__init__.py").write_text("")
    assert [path.stem for path in experiment_files(tmp_path)] == ["broken", "bytes", "plain", "typed"]
