"""The data sets for which a model writes: HumanEval and MBPP programs, Dolly-200 answers."""

from eval.data.dataset import DataSet, Release, Row
from eval.data.schema import Check, Mismatch, several, text, whole

# The test split of MBPP by its task_id (arXiv 2108.07732, section 2.1); its file holds all splits.
_MBPP_TEST = range(11, 511)
_MBPP_TESTS = {"task_id": whole, "code": text, "test_list": several(text)}
_DATABRICKS: dict[str, Check] = dict.fromkeys(("instruction", "context", "response"), text)
_HUMANEVAL_TEXTS = ("task_id", "prompt", "entry_point", "canonical_solution", "test")


def _of_test_split(row: Row) -> bool:
    return row["task_id"] in _MBPP_TEST


def _has_three_tests(row: Row) -> None:
    """The prompt shows three."""
    if len(row["test_list"]) < 3:
        raise Mismatch("test_list", f"has {len(row['test_list'])} entries, not 3 or more")


def _in_english(row: Row) -> bool:
    return row["language"] == "eng"


def _sanitized(record: Row) -> list[Row]:
    """MBPP's hand-checked problems have other names for the text and the code that goes before the tests."""
    return [record | {"text": record["prompt"], "test_setup_code": "\n".join(record["test_imports"])}]


def _databricks(record: Row) -> list[Row]:
    inputs = "\n\n".join(part for part in (record["instruction"], record["context"]) if part)
    return [{"inputs": inputs, "targets": record["response"], "language": "eng"}]


WRITING = (
    DataSet(
        "humaneval",
        "HumanEval",
        "test",
        hub="openai/openai_humaneval",
        fields=dict.fromkeys(_HUMANEVAL_TEXTS, text),
        releases=(Release(paths=("HumanEval.jsonl", "humaneval/HumanEval.jsonl", "HumanEval/HumanEval.jsonl")),),
    ),
    DataSet(
        "mbpp",
        "MBPP",
        "test",
        hub="google-research-datasets/mbpp",
        config="full",
        fields=_MBPP_TESTS | {"text": text, "test_setup_code": text},
        sound=_has_three_tests,
        keeps=_of_test_split,
        releases=(
            Release(paths=("mbpp.jsonl", "mbpp/mbpp.jsonl")),
            Release(
                paths=("sanitized-mbpp.json", "mbpp/sanitized-mbpp.json"),
                needs=_MBPP_TESTS | {"prompt": text, "test_imports": several(text)},
                rows=_sanitized,
                differs="MBPP's 257 hand-checked problems, where lm-eval asks all 500 of the test split",
            ),
        ),
    ),
    DataSet(
        "dolly",
        "Dolly-200",
        "test",
        hub="CohereLabs/aya_evaluation_suite",
        config="dolly_machine_translated",
        fields={"inputs": text, "targets": text, "language": text},
        keeps=_in_english,
        releases=(
            Release(
                paths=("databricks-dolly-15k.jsonl", "databricks-dolly-15k/databricks-dolly-15k.jsonl"),
                needs=_DATABRICKS,
                rows=_databricks,
                differs="all that the file holds, where the paper asks the 200 of Aya's evaluation suite",
            ),
        ),
    ),
)
