"""The mixes of the study by name, and all that the paper leaves open about them, chosen once, here.

Stated in arXiv 2408.10914: what "code" is, a tenth of code in continued pre-training, a tenth of synthetic code in
place of other code (3.4), a fifth of code in the cooldown of 40B tokens (2.3). Everything below that says "a choice" is
not stated there.
"""

from fractions import Fraction

import mixsched

BILLION = 1_000_000_000
# "Code" in a mix is 80% web code and 20% markup (section 3.1).
CODE = {"web_code": "0.8", "markup": "0.2"}
# A tenth of that replaced by synthetic code. That web code and markup give way in proportion is a choice.
CODE_AND_SYNTHETIC = {"web_code": "0.72", "markup": "0.18", "synthetic": "0.1"}

# The cooldown's 20% of code is stated. The shares of text, mathematics and instructions are a choice; without code the
# three take over in proportion.
COOLDOWN_WITH_CODE: mixsched.Weights = {
    "text": "0.4",
    "math": "0.2",
    "instruct": "0.2",
    "code": mixsched.Group("0.2", CODE),
}
COOLDOWN_WITHOUT_CODE: mixsched.Weights = {"text": "0.5", "math": "0.25", "instruct": "0.25"}

# The repetition study is not the paper's: the share, and that text is the rest, is a choice.
TEXT_AND_SYNTHETIC: mixsched.Weights = {"text": "0.8", "synthetic": "0.2"}


def text_and_code(*, code_percent: int, code: mixsched.Weights = CODE) -> mixsched.Weights:
    """Text with so many percent of code: only text at 0, only code at 100."""
    return mix(code_percent=code_percent, code=code)


def mix(*, code_percent: int, math_percent: int = 0, code: mixsched.Weights = CODE) -> mixsched.Weights:
    """Code and mathematics in so many percent, and text for the rest."""
    text_percent = 100 - code_percent - math_percent
    parts: mixsched.Weights = {
        "text": Fraction(text_percent, 100),
        "math": Fraction(math_percent, 100),
        "code": mixsched.Group(Fraction(code_percent, 100), code),
    }
    percents = {"text": text_percent, "math": math_percent, "code": code_percent}
    return {name: parts[name] for name in parts if percents[name]}


def web_code_and(kind: str) -> mixsched.Weights:
    """Web code, a tenth of it replaced by another kind of code (section 3.4).

    The tenth is stated for synthetic code; that it is the same for markup and code-adjacent data is a choice, so that
    kinds are compared at equal tokens.
    """
    return {"web_code": "0.9", kind: "0.1"}
