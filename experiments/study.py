"""Which experiments stand in which figure and table, under which label, and what they are compared with.

`python -m experiments` picks runs by it and `python -m figures` draws by it. Figures 2 to 8 and Table 2 are those of
arXiv 2408.10914; those with names in words go beyond it.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Variant:
    """An experiment as a figure shows it."""

    label: str
    experiment: str


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure: what it asks, its variants in order, and the experiment that relative changes are against."""

    title: str
    variants: tuple[Variant, ...]
    baseline: str

    @property
    def experiments(self) -> tuple[str, ...]:
        """Every experiment that the figure needs, once each."""
        return tuple(dict.fromkeys((self.baseline, *(variant.experiment for variant in self.variants))))


@dataclasses.dataclass(frozen=True)
class TableRow:
    """A row of Table 2: a variant after one of its stages. `text_tokens_b` and `code_tokens_b` are that stage's."""

    variant: str
    stage: str
    experiment: str
    text_tokens_b: int
    code_tokens_b: int


def _variants(**labels: str) -> tuple[Variant, ...]:
    return tuple(Variant(label, experiment) for experiment, label in labels.items())


FIGURES: dict[str, Figure] = {
    "2": Figure(
        "How a model is initialised",
        _variants(
            text_only="text-only",
            balanced_only="balanced-only",
            balanced_to_text="balanced → text",
            code_to_text="code → text",
        ),
        baseline="text_only",
    ),
    "3": Figure(
        "The same at a larger scale",
        _variants(balanced_only="balanced-only", balanced_to_text="balanced → text", code_to_text="code → text"),
        baseline="balanced_only",
    ),
    "4": Figure(
        "How much code, from scratch",
        _variants(code00="0%", code25="25%", code50="50%", code75="75%", code90="90%", code100="100%"),
        baseline="code00",
    ),
    "5a": Figure(
        "What kind of code, alone",
        _variants(
            code_markup="web code + markup",
            code_adjacent="web code + code-adjacent",
            code_synthetic="web code + synthetic",
        ),
        baseline="code_web",
    ),
    "5b": Figure(
        "What kind of code, continued on text",
        _variants(balanced_synthetic_to_text="balanced + synthetic → text"),
        baseline="balanced_to_text",
    ),
    "6": Figure(
        "Code in the cooldown",
        _variants(
            balanced_to_text_cooldown_without_code="cooldown without code",
            balanced_to_text_cooldown_with_code="cooldown with code",
        ),
        baseline="balanced_to_text",
    ),
    "7": Figure(
        "Code in the cooldown, judged",
        _variants(
            balanced_to_text_cooldown_without_code="cooldown without code",
            balanced_to_text_cooldown_with_code="cooldown with code",
        ),
        baseline="balanced_to_text",
    ),
    "8": Figure(
        "How a model is initialised, judged",
        _variants(balanced_only="balanced-only", balanced_to_text="balanced → text", code_to_text="code → text"),
        baseline="text_only",
    ),
    "curricula": Figure(
        "When code comes, at 25% of code in all but under ADO",
        _variants(
            code_fading_out="fading out, 50% to 0%",
            code_fading_in="fading in, 0% to 50%",
            code_early="first half only, 50%",
            code_late="second half only, 50%",
            code_adaptive="set by ADO, from 25%",
        ),
        baseline="code25",
    ),
    "repetition": Figure(
        "A fifth of synthetic code, repeated",
        _variants(
            synthetic_epochs01="1 epoch",
            synthetic_epochs02="2 epochs",
            synthetic_epochs04="4 epochs",
            synthetic_epochs08="8 epochs",
            synthetic_epochs16="16 epochs",
        ),
        baseline="synthetic_epochs01",
    ),
    "math": Figure(
        "Mathematics beside code",
        _variants(
            code00="text",
            code00_math25="25% math",
            code25="25% code",
            code25_math10="25% code, 10% math",
            code25_math25="25% code, 25% math",
        ),
        baseline="code00",
    ),
}

# Pairs of figures 7 and 8 are judged: each variant against the figure's baseline.
JUDGED = ("7", "8")
# Writes the likelihoods of the bundled judge; it stands in no pair that is judged.
JUDGE = "code25"

TABLE_2 = (
    TableRow("text-only", "pre-training", "text_only", 400, 0),
    TableRow("text-only", "cooldown", "text_only_cooldown_with_code", 32, 8),
    TableRow("balanced-only", "pre-training", "balanced_only", 200, 200),
    TableRow("balanced-only", "cooldown", "balanced_only_cooldown_with_code", 32, 8),
    TableRow("balanced → text", "initial", "code50", 100, 100),
    TableRow("balanced → text", "continued", "balanced_to_text", 180, 20),
    TableRow("balanced → text", "cooldown", "balanced_to_text_cooldown_with_code", 32, 8),
    TableRow("code → text", "initial", "code100", 0, 200),
    TableRow("code → text", "continued", "code_to_text", 180, 20),
    TableRow("code → text", "cooldown", "code_to_text_cooldown_with_code", 32, 8),
)
# Without code in the cooldown, for every variant of Table 2: rows that the paper has for one variant alone.
TABLE_2_WITHOUT_CODE = tuple(
    TableRow(row.variant, "cooldown, no code", row.experiment.replace("_with_code", "_without_code"), 40, 0)
    for row in TABLE_2
    if row.stage == "cooldown"
)
