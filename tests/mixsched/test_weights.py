"""Declared weights: what numbers mean, what is refused, and that nothing is lost on the way through JSON."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsched import Group, UsageError
from mixsched.weights import exact, flatten, groups, spell, weights_from_json, weights_to_json

NESTED = {
    "text": 0.7,
    "code": Group(0.25, {"web_code": 0.8, "markup": Group(0.2, {"html": "1/3", "css": "2/3"})}),
    "math": "0.05",
}
FLAT = {
    "css": Fraction(1, 30),
    "html": Fraction(1, 60),
    "math": Fraction(1, 20),
    "text": Fraction(7, 10),
    "web_code": Fraction(1, 5),
}


@given(st.integers(0, 10**9), st.integers(0, 12))
def test_a_float_means_the_decimal_that_it_prints_as(digits: int, places: int) -> None:
    """The float nearest to a decimal of up to ten digits is taken as that decimal, exactly."""
    decimal = Fraction(digits, 10**places)
    assert exact(float(decimal), "w") == decimal


@pytest.mark.parametrize(
    ("value", "fraction"),
    [
        ("1/3", Fraction(1, 3)),
        (Fraction(2, 7), Fraction(2, 7)),
        ("0.10", Fraction(1, 10)),
        (1, Fraction(1)),
        (np.int64(1), Fraction(1)),
        (np.float64(0.1), Fraction(1, 10)),
        (np.float32(0.5), Fraction(1, 2)),
        (1e-12, Fraction(1, 10**12)),
    ],
)
def test_every_kind_of_number_is_taken_exactly(value: object, fraction: Fraction) -> None:
    assert exact(value, "w") == fraction


def test_thirds_add_up_to_one_exactly() -> None:
    assert flatten({"a": "1/3", "b": Fraction(1, 3), "c": "1/3"}) == dict.fromkeys("abc", Fraction(1, 3))


def test_nested_groups_divide_their_share_exactly_and_sources_come_sorted() -> None:
    assert list(flatten(NESTED).items()) == list(FLAT.items())


def test_groups_list_all_sources_below_them_outer_groups_first() -> None:
    found = groups(NESTED)
    assert list(found.items()) == [("code", ("web_code", "html", "css")), ("markup", ("html", "css"))]


def test_a_source_may_have_weight_zero() -> None:
    assert flatten({"a": 1, "b": 0, "c": 0.0}) == {"a": 1, "b": 0, "c": 0}


@given(st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=30))
def test_shares_add_up_to_exactly_one_whatever_float_noise_they_came_with(parts: list[float]) -> None:
    """Floats divided by their float sum become fractions that add up to 1 and are within the noise of the floats."""
    total = sum(parts)
    declared = {f"s{place}": part / total for place, part in enumerate(parts)}
    flat = flatten(declared)
    assert sum(flat.values()) == 1
    assert all(abs(float(flat[name]) - weight) < 1e-9 for name, weight in declared.items())


def test_float_noise_is_divided_out_in_proportion() -> None:
    third = 0.3333333333
    assert flatten({"a": third, "b": third, "c": third}) == dict.fromkeys("abc", Fraction(1, 3))


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"a": 0.5, "b": 0.4}, r"add up to 1, they add up to 0\.9 \(a 0\.5, b 0\.4\); divide each by 0\.9"),
        ({"a": 0.5, "b": 0.500001}, r"they add up to 1\.000001"),
        ({"a": 0.5, "b": "0.500000002"}, r"they add up to 1\.000000002"),
        ({"a": 0, "b": 0}, r"they add up to 0 \(a 0, b 0\)$"),
        ({"a": 1.5, "b": -0.5}, r"`weights\['b'\]` must not be negative, got -0\.5"),
        ({"a": math.nan}, r"`weights\['a'\]` must be a finite number, got nan"),
        ({"a": math.inf}, r"`weights\['a'\]` must be a finite number, got inf"),
        ({"a": True}, r"`weights\['a'\]` must be a number such as 0\.25 or '1/3', got True"),
        ({"a": "most"}, r"must be a number .*, got 'most'"),
        ({"a": "nan"}, r"must be a number .*, got 'nan'"),
        ({"a": "1/0"}, r"must be a number .*, got '1/0'"),
        ({"a": None}, r"must be a number .*, got None"),
        ({"a": [1]}, r"must be a number .*, got \[1\]"),
        ({}, r"`weights` must map at least one source to its weight, got \{\}"),
        ([("a", 1)], r"`weights` must map at least one source"),
        ({"g": Group(1, {})}, r"`weights\['g'\]` must map at least one source"),
        ({"g": Group(0.5, {"a": 0.5, "b": 0.4}), "c": 0.5}, r"`weights\['g'\]` must add up to 1, .* 0\.9"),
        ({"g": Group(-1, {"a": 1}), "c": 2}, r"`weights\['g'\]` must not be negative, got -1"),
        ({"g": Group(1, {"a": 2, "b": -1})}, r"`weights\['g'\]\['b'\]` must not be negative, got -1"),
        ({"a": 0.5, "g": Group(0.5, {"a": 1})}, r"`weights` names 'a' twice"),
        ({"g": Group(0.5, {"a": 1}), "h": Group(0.5, {"a": 1})}, r"`weights` names 'a' twice"),
    ],
)
def test_weights_that_cannot_be_meant_are_refused_and_told(weights: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        flatten(weights)


def test_a_weight_beyond_all_floats_is_refused_like_any_other_sum() -> None:
    with pytest.raises(UsageError, match="add up to 1"):
        flatten({"a": "1e400", "b": 0.5})


def test_the_refusal_names_the_place_that_the_caller_gave() -> None:
    with pytest.raises(UsageError, match="`weights of phase 'cooldown'`"):
        flatten({"a": 0.5}, where="weights of phase 'cooldown'")


weights_over_a_total = (
    st.lists(st.integers(0, 1_000), min_size=1, max_size=8)
    .filter(any)
    .map(lambda parts: {f"s{place}": Fraction(part, sum(parts)) for place, part in enumerate(parts)})
)


@given(weights_over_a_total, weights_over_a_total, st.fractions(0, 1, max_denominator=1_000))
def test_weights_come_back_from_json_to_the_last_digit(outer: dict, inner: dict, share: Fraction) -> None:
    """Through JSON text and back, nested weights flatten to equal fractions and name the same groups."""
    group = Group(share, {f"in_{name}": weight for name, weight in inner.items()})
    declared = {"group": group} | {name: weight * (1 - share) for name, weight in outer.items()}
    back = weights_from_json(json.loads(json.dumps(weights_to_json(declared))))
    assert flatten(back) == flatten(declared)
    assert groups(back) == groups(declared)


def test_json_weights_are_spelled_exactly_and_numbers_are_read_too() -> None:
    assert weights_to_json({"a": 0.1, "g": Group("1/3", {"b": 1})}) == {
        "a": "0.1",
        "g": {"share": "1/3", "of": {"b": "1"}},
    }
    assert flatten(weights_from_json({"a": 0.1, "b": 0.9})) == {"a": Fraction(1, 10), "b": Fraction(9, 10)}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1], "`weights` must be an object"),
        (None, "`weights` must be an object"),
        ({"g": {"share": "1"}}, r"`weights\['g'\]` must hold 'share' and 'of', got \['share'\]"),
        ({"g": {"share": "1", "of": {"a": "1"}, "more": 1}}, "must hold 'share' and 'of'"),
        ({"g": {"share": "1", "of": []}}, r"`weights\['g'\]` must be an object"),
        ({"a": None}, r"`weights\['a'\]` must be a number"),
    ],
)
def test_json_of_another_form_is_refused(value: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        weights_from_json(value)


@given(st.fractions(min_value=0, max_denominator=10**6))
def test_a_spelled_fraction_reads_back_as_itself(share: Fraction) -> None:
    """`Fraction(spell(x)) == x` for every x >= 0."""
    assert Fraction(spell(share)) == share


@given(st.integers(0, 10**9), st.integers(0, 20), st.integers(0, 20))
def test_what_has_a_finite_decimal_is_spelled_as_one(numerator: int, twos: int, fives: int) -> None:
    """Over a denominator of twos and fives alone, the spelling is a decimal without trailing zeros."""
    text = spell(Fraction(numerator, 2**twos * 5**fives))
    assert "/" not in text
    assert "." not in text or text[-1] != "0"


def test_what_has_no_finite_decimal_is_spelled_as_a_ratio() -> None:
    assert [spell(Fraction(1, 3)), spell(Fraction(7, 60)), spell(Fraction(1, 4))] == ["1/3", "7/60", "0.25"]
