"""What experiments there are, which of them a command line means, and the words about them."""

from pathlib import Path

import pytest
from grids import write_experiment

from experiments.grid.arguments import Setup
from experiments.grid.catalogue import experiments_of_figure, pick, read_catalogue
from experiments.grid.jobs import JudgeJob, jobs_of
from experiments.grid.listing import as_tree
from experiments.grid.recipe import code_tokens, recipe, text_tokens
from mixsched.errors import UsageError
from train.scales import scale_named

CATALOGUE = read_catalogue()


def setup(**changes) -> Setup:
    return Setup(settings=scale_named("nano"), **changes)


def picked(*names: str, figures: tuple[str, ...] = (), everything: bool = False, a_run_judges: bool = True):
    return pick(CATALOGUE, names, figures, everything=everything, a_run_judges=a_run_judges)


def names_of(*asked: str, figures: tuple[str, ...] = (), **changes) -> list[str]:
    return [job.name for job in jobs_of(CATALOGUE, picked(*asked, figures=figures), setup(**changes))]


def test_parents_go_first_and_all_of_a_seed_before_the_next():
    assert names_of("balanced_to_text_cooldown_with_code", "code00", seeds=2, runs=Path("r")) == [
        f"{name}-nano-seed{seed}"
        for seed in (0, 1)
        for name in ("code50", "balanced_to_text", "balanced_to_text_cooldown_with_code", "code00")
    ]


def test_what_is_added_is_said_with_its_reason():
    assert picked("code_to_text").notes == ("code100 is added: code_to_text starts from it",)
    assert "code25 is added: it judges the answers of the others" in picked(figures=("8",)).notes
    assert not [note for note in picked(figures=("8",), a_run_judges=False).notes if "code25" in note]


def test_a_judged_figure_compares_each_variant_with_its_baseline_after_all_runs_of_the_seed():
    jobs = jobs_of(CATALOGUE, picked(figures=("7", "8")), setup(seeds=1))
    judgements = [job for job in jobs if isinstance(job, JudgeJob)]
    assert jobs[-len(judgements) :] == tuple(judgements)
    assert [(job.experiment, job.baseline) for job in judgements] == [
        ("balanced_to_text_cooldown_without_code", "balanced_to_text-nano-seed0"),
        ("balanced_to_text_cooldown_with_code", "balanced_to_text-nano-seed0"),
        ("balanced_only", "text_only-nano-seed0"),
        ("balanced_to_text", "text_only-nano-seed0"),
        ("code_to_text", "text_only-nano-seed0"),
    ]
    assert {job.judge for job in judgements} == {"likelihood:runs/code25-nano-seed0"}
    assert all("code25-nano-seed0" in job.needs and job.task == "nano_open" for job in judgements)


@pytest.mark.parametrize(
    ("changes", "judges"),
    [({"judge": "none"}, set()), ({"suite": "none"}, set()), ({"judge": "openai:one"}, {"openai:one"})],
)
def test_nobody_judges_or_another_does_if_that_is_asked_for(changes, judges):
    jobs = jobs_of(CATALOGUE, picked(figures=("8",), a_run_judges=False), setup(**changes))
    assert {job.judge for job in jobs if isinstance(job, JudgeJob)} == judges


def test_all_jobs_of_the_study_come_after_what_they_need():
    done: set[str] = set()
    for job in jobs_of(CATALOGUE, picked(everything=True), setup()):
        assert done.issuperset(job.needs)
        done.add(job.name)
    assert len(done) == 3 * (len(CATALOGUE) + 5)


def test_every_experiment_of_a_figure_knows_it():
    assert CATALOGUE["code25"].figures[0] == "4"
    for figure in ("2", "5a", "7", "table2"):
        assert {name for name in CATALOGUE if figure in CATALOGUE[name].figures} == set(experiments_of_figure(figure))


def test_a_figure_of_two_parts_is_both():
    assert experiments_of_figure("5") == (*experiments_of_figure("5a"), *experiments_of_figure("5b"))


def test_an_experiment_of_a_figure_without_a_file_is_left_out_and_said():
    some = {name: CATALOGUE[name] for name in ("code00", "code25")}
    found = pick(some, (), ("4",), everything=False, a_run_judges=True)
    assert found.names == ("code00", "code25")
    assert "figure 4 shows code90 too, of which there is no experiment file; left out" in found.notes


def test_the_tree_has_each_experiment_below_its_parent():
    tree = as_tree(CATALOGUE)
    place = tree.index(("code50", 0))
    assert tree[place + 1] == ("balanced_to_text", 1)
    assert tree[place + 2] == ("balanced_to_text_cooldown_with_code", 2)
    assert len(tree) == len(CATALOGUE)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("code25", "text 75, code 25"),
        ("code00", "text"),
        ("code_fading_in", "text, to text 50, code 50"),
        ("code_early", "text 50, code 50, then text"),
        ("balanced_synthetic", "text 50, code 50 (5 synthetic)"),
        ("code_adaptive", "ADO from text 75, code 25"),
        ("synthetic_epochs04", "text 80, synthetic 20 (4 times)"),
        ("balanced_to_text_cooldown_with_code", "text 40, math 20, instruct 20, code 20"),
    ],
)
def test_a_recipe_is_told_in_a_few_words(name, words):
    assert recipe(CATALOGUE[name].lineage.experiment) == words


@pytest.mark.parametrize(
    ("name", "text_b", "code_b"),
    [("balanced_to_text", 180, 20), ("code_fading_in", 150, 50), ("text_only_cooldown_with_code", 16, 8)],
)
def test_tokens_of_text_and_code_are_those_of_the_own_part(name, text_b, code_b):
    own = CATALOGUE[name].lineage.experiment
    assert (text_tokens(own), code_tokens(own)) == (text_b * 10**9, code_b * 10**9)


def test_a_folder_adds_experiments(tmp_path):
    assert read_catalogue(Path("experiments")) == CATALOGUE
    write_experiment(tmp_path, "mine", starts_from="code50")
    catalogue = read_catalogue(tmp_path)
    assert catalogue["mine"].parent == "code50"
    assert catalogue.keys() == CATALOGUE.keys() | {"mine"}


def test_a_circle_an_unknown_parent_and_two_of_one_name_are_refused(tmp_path):
    write_experiment(tmp_path / "circle", "one", starts_from="two")
    write_experiment(tmp_path / "circle", "two", starts_from="one")
    with pytest.raises(UsageError, match=r"one -> two -> one|two -> one -> two"):
        read_catalogue(tmp_path / "circle")
    write_experiment(tmp_path / "unknown", "mine", starts_from="code5")
    with pytest.raises(UsageError, match=r"starts from 'code5', which is no experiment; did you mean 'code\d\d'"):
        read_catalogue(tmp_path / "unknown")
    write_experiment(tmp_path / "twice", "code25")
    with pytest.raises(UsageError, match="are experiments of one name"):
        read_catalogue(tmp_path / "twice")
