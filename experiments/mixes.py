"""The mixes of the paper by name, so that every experiment file means the same by "code"."""

from fractions import Fraction

import mixsched

BILLION = 1_000_000_000
# "Code" in a mix is 80% web code and 20% markup (arXiv 2408.10914, section 3.1).
CODE = {"web_code": "0.8", "markup": "0.2"}


def text_and_code(*, code_percent: int) -> mixsched.Weights:
    """Text with so many percent of code: only text at 0, only code at 100."""
    code = Fraction(code_percent, 100)
    text: mixsched.Weights = {"text": 1 - code} if code < 1 else {}
    return {**text, "code": mixsched.Group(code, CODE)} if code else text
