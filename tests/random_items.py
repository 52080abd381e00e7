"""Records of the choice tasks in the hub's schemas, made of words drawn at random, each choice right equally often."""

from collections.abc import Callable
from typing import Any

import numpy as np

WORDS = (
    "the", "of", "to", "in", "is", "red", "cat", "dog", "sun", "box", "run", "see", "new", "old", "map", "ink", "tea",
)  # fmt: skip
Draw = Callable[[int], str]


def choice_records(task: str, count: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """So many records of a choice task; the right choice is drawn too, so that nothing but luck finds it."""
    rng = np.random.default_rng(seed)

    def words(count: int) -> str:
        return " ".join(rng.choice(WORDS, count))

    return [{**_MAKERS[task](words, rng), "idx": number, "ind": number} for number in range(count)]


_MAKERS: dict[str, Callable[[Draw, np.random.Generator], dict[str, Any]]] = {
    "boolq": lambda words, rng: {"passage": words(9), "question": words(4), "label": int(rng.integers(2))},
    "cb": lambda words, rng: {"premise": words(6), "hypothesis": words(3), "label": int(rng.integers(3))},
    "copa": lambda words, rng: {
        "premise": words(5) + ".",
        "choice1": words(4),
        "choice2": words(4),
        "question": ("cause", "effect")[rng.integers(2)],
        "label": int(rng.integers(2)),
    },
    "piqa": lambda words, rng: {"goal": words(4), "sol1": words(5), "sol2": words(5), "label": int(rng.integers(2))},
    "sciq": lambda words, rng: {
        "question": words(4),
        "support": words(5),
        **{name: words(2) for name in ("distractor1", "distractor2", "distractor3", "correct_answer")},
    },
    "social_iqa": lambda words, rng: {
        "context": words(5),
        "question": words(4),
        **{f"answer{letter}": words(3) for letter in "ABC"},
        "label": str(rng.integers(1, 4)),
    },
    "storycloze_2016": lambda words, rng: {
        "story_id": words(3),
        **{f"input_sentence_{number}": words(4) for number in range(1, 5)},
        "sentence_quiz1": words(4),
        "sentence_quiz2": words(4),
        "answer_right_ending": int(rng.integers(1, 3)),
    },
    "hellaswag": lambda words, rng: {
        "activity_label": words(1),
        "ctx_a": words(4),
        "ctx_b": words(2),
        "endings": [words(4) for _ in range(4)],
        "label": str(rng.integers(4)),
    },
    "winogrande": lambda words, rng: {
        "sentence": f"{words(4)} _ {words(3)}",
        "option1": words(1),
        "option2": words(1),
        "answer": str(rng.integers(1, 3)),
    },
    "arc_easy": lambda words, rng: {
        "id": words(3),
        "question": words(4),
        "choices": {"text": [words(2) for _ in range(4)], "label": list("ABCD")},
        "answerKey": "ABCD"[rng.integers(4)],
    },
}
CHOICE_TASKS = tuple(_MAKERS)
