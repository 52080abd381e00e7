"""Tasks by name: suites, others of lm-eval, groups, tags, and what can't be had."""

from pathlib import Path

import lm_eval.tasks
import published
import pytest
from lm_eval.tasks import TaskManager

from eval import naming
from eval.loading import load_tasks
from eval.suites import PAPER
from mixsched.errors import UsageError

GSM8K = [{"question": "What is 1 + 1?", "answer": "It is 2.\n#### 2"}]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data for every task of the paper, in its authors' form."""
    folder = tmp_path_factory.mktemp("paper")
    for task in PAPER.tasks:
        published.write_release(folder, published.RELEASES[task][0])
    return folder


@pytest.fixture
def no_index_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test that builds the index of all of lm-eval, which takes seconds."""
    monkeypatch.setattr(naming, "_index_of_everything", lambda: pytest.fail("all of lm-eval was indexed"))


@pytest.mark.usefixtures("no_index_of_everything")
def test_the_whole_suite_of_the_paper_loads_from_one_folder(paper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tasks, skipped = load_tasks(PAPER.tasks, data=paper)
    assert tuple(tasks) == PAPER.tasks
    assert skipped == {}
    assert capfd.readouterr() == ("", "")


def test_nothing_is_shown_before_a_question(paper: Path) -> None:
    tasks, _ = load_tasks(PAPER.tasks, data=paper)
    assert {task.config.num_fewshot for task in tasks.values()} == {0}


def test_programs_are_not_run_by_lm_eval(paper: Path) -> None:
    tasks, _ = load_tasks(["humaneval", "mbpp"], data=paper)
    for task in tasks.values():
        assert not task.config.unsafe_code
        task.set_config("repeats", 2)
        task.build_all_requests(limit=1)
        (request,) = task.instances
        request.resps = ["first", "second"]
        task.apply_filters()
        assert request.filtered_resps["all"] == ["first", "second"]


def test_our_prompts_of_programs_are_lm_evals(paper: Path) -> None:
    """Compared with the definitions in the installed lm-eval, whose own metrics can't be loaded offline."""
    folders = [Path(lm_eval.tasks.__path__[0]) / name for name in ("humaneval", "mbpp")]
    theirs = TaskManager(include_defaults=False, include_path=folders)
    tasks, _ = load_tasks(["humaneval", "mbpp"], data=paper)
    for name, task in tasks.items():
        definition = theirs.task_index[name].cfg
        assert definition is not None
        assert task.config.doc_to_text == definition["doc_to_text"]
        assert task.config.generation_kwargs == definition["generation_kwargs"]
        assert float(task.VERSION) == definition["metadata"]["version"]


def test_documents_are_processed_once(paper: Path) -> None:
    """lm-eval's HellaSwag would map all of them again for each that is taken."""
    task = load_tasks(["hellaswag"], data=paper)[0]["hellaswag"]
    assert task.eval_docs is task.eval_docs
    assert task.eval_docs[0]["query"] == "Roof shingle removal: A man is sitting on a roof. He"


def test_requests_are_built_by_lm_eval_itself(paper: Path) -> None:
    task = load_tasks(["winogrande"], data=paper)[0]["winogrande"]
    task.build_all_requests()
    assert [request.args[0] for request in task.instances] == [
        "The cup did not fit in the bag because the cup",
        "The cup did not fit in the bag because the bag",
        "Ada thanked Bea, since Ada",
        "Ada thanked Bea, since Bea",
    ]


def test_a_task_without_files_is_skipped_by_name(paper: Path, tmp_path: Path) -> None:
    published.write(tmp_path / "cb.jsonl", published.CB)
    tasks, skipped = load_tasks(["boolq", "cb"], data=tmp_path)
    assert list(tasks) == ["cb"]
    assert skipped == {
        "boolq": f"'{tmp_path}' has no file of it, such as 'BoolQ/dev.jsonl' (`python -m eval tasks` lists all names)"
    }


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`data` names '.*nowhere', which is no folder"):
        load_tasks(["boolq"], data=tmp_path / "nowhere")


def test_an_unknown_name_is_told_with_the_nearest(paper: Path) -> None:
    with pytest.raises(UsageError, match=r"`tasks` names 'hellaswagg', which .*; did you mean 'hellaswag'"):
        load_tasks(["boolq", "hellaswagg"], data=paper)


def test_other_tasks_groups_and_tags_of_lm_eval_stand_for_their_tasks(paper: Path, tmp_path: Path) -> None:
    """One call, since the index of all of lm-eval takes seconds."""
    published.write_snapshot(tmp_path, "arc_easy")
    published.write(tmp_path / "gsm8k.jsonl", GSM8K)
    published.write(tmp_path / "mmlu_anatomy.jsonl", [
        {"question": "Where?", "subject": "anatomy", "choices": ["a", "b", "c", "d"], "answer": 2}
    ])  # fmt: skip
    names = ["ai2_arc", "mmlu_stem", "gsm8k", "humaneval_plus", "arc_easy"]
    tasks, skipped = load_tasks(names, data=tmp_path)
    assert list(tasks) == ["arc_easy", "mmlu_anatomy", "gsm8k"]
    assert tasks["mmlu_anatomy"].doc_to_target(tasks["mmlu_anatomy"].eval_docs[0]) == 2
    # Its definition shows five solved problems first.
    tasks["gsm8k"].build_all_requests()
    assert tasks["gsm8k"].instances[0].args[0] == "Question: What is 1 + 1?\nAnswer:"
    assert "arc_challenge" in skipped
    assert "mmlu_astronomy" in skipped
    assert skipped["humaneval_plus"].startswith("lm-eval would run what the model writes without a sandbox")
    assert not {"ai2_arc", "mmlu_stem"} & {*tasks, *skipped}


def test_rows_that_another_task_can_not_read_are_told(tmp_path: Path) -> None:
    published.write(tmp_path / "arc_challenge.jsonl", [{"question": "Why?"}])
    with pytest.raises(
        UsageError, match=r"arc_challenge\.jsonl' has not the fields that the definition of 'arc_challenge'"
    ):
        load_tasks(["arc_challenge"], data=tmp_path)
