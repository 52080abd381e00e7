"""Which licences a list of allowed ones lets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.prepare.filters.licences import is_allowed

ALLOWED = ("MIT", "Apache-2.0", "BSD (old)")


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        " mit ",
        "BSD (old)",
        "MIT AND Apache-2.0",
        "MIT OR GPL-3.0-only",
        "GPL-3.0-only OR (MIT AND APACHE-2.0)",
        "GPL-2.0-only AND MIT OR MIT",
        "((MIT))",
    ],
)
def test_a_licence_is_allowed_if_all_that_it_needs_is(licence: str) -> None:
    assert is_allowed(licence, ALLOWED)


@pytest.mark.parametrize(
    "licence",
    [
        "unknown",
        "",
        "MIT AND GPL-3.0-only",
        "GPL-3.0-only OR unknown",
        "(MIT OR GPL-3.0-only) AND GPL-3.0-only",
        "MIT AND (GPL-3.0-only OR unknown)",
        "MIT WITH Classpath-exception-2.0",
        "MIT AND",
        "(MIT",
        "MIT)",
        "MIT, Apache-2.0",
        "MITX",
        "\x00",
    ],
)
def test_any_other_licence_is_not_allowed(licence: str) -> None:
    assert not is_allowed(licence, ALLOWED)


def test_an_exception_is_allowed_where_it_is_listed() -> None:
    licence = "GPL-2.0-only WITH Classpath-exception-2.0"
    assert is_allowed(f"{licence} OR unknown", (licence,))


@given(st.lists(st.sampled_from(["MIT", "GPL", "AND", "OR", "(", ")", " ", "\x01"])).map(" ".join))
def test_no_expression_is_allowed_without_an_allowed_licence(expression: str) -> None:
    assert not is_allowed(expression.replace("MIT", "GPL").replace("\x01", ""), ("MIT",))
    is_allowed(expression, ("MIT",))
