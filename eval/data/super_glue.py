"""The data sets of SuperGLUE: BoolQ, CommitmentBank and COPA."""

from eval.data.dataset import DataSet, Release, Row
from eval.data.schema import label, one_of, text

_THREE_WAY = ("entailment", "contradiction", "neutral")
_CB_TEXTS = {"premise": text, "hypothesis": text}
_COPA_TEXTS = {"premise": text, "choice1": text, "choice2": text, "question": one_of("cause", "effect")}
_BOOLQ_TEXTS = {"passage": text, "question": text}


def _boolq(record: Row) -> list[Row]:
    return [record | {"label": int(record["answer"])}]


def _boolq_of_super_glue(record: Row) -> list[Row]:
    return [record | {"label": int(record["label"])}]


def _cb(record: Row) -> list[Row]:
    return [record | {"label": _THREE_WAY.index(record["label"])}]


SUPER_GLUE = (
    DataSet(
        "boolq",
        "BoolQ",
        "validation",
        hub="aps/super_glue",
        config="boolq",
        fields=_BOOLQ_TEXTS | {"label": label(0, 1)},
        releases=(
            Release(
                paths=("BoolQ/dev.jsonl", "boolq/dev.jsonl"),
                needs=_BOOLQ_TEXTS | {"answer": label(False, True)},
                rows=_boolq,
            ),
            Release(
                paths=("BoolQ/val.jsonl", "boolq/val.jsonl"),
                needs=_BOOLQ_TEXTS | {"label": label(False, True)},
                rows=_boolq_of_super_glue,
            ),
        ),
    ),
    DataSet(
        "cb",
        "CommitmentBank",
        "validation",
        hub="aps/super_glue",
        config="cb",
        fields=_CB_TEXTS | {"label": label(0, 1, 2)},
        releases=(
            Release(paths=("CB/val.jsonl", "cb/val.jsonl"), needs=_CB_TEXTS | {"label": label(*_THREE_WAY)}, rows=_cb),
        ),
    ),
    DataSet(
        "copa",
        "COPA",
        "validation",
        hub="aps/super_glue",
        config="copa",
        fields=_COPA_TEXTS | {"label": label(0, 1)},
        releases=(Release(paths=("COPA/val.jsonl", "copa/val.jsonl")),),
    ),
)
