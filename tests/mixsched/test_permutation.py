"""The keyed shuffle: a bijection at every size, fair at small ones, without visible order at large ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsched.permutation import LEAST_SIDE, derive_key, permute, shuffled_slots, square_side, subkey

KEYS = st.integers(0, 2**64 - 1).map(np.uint64)
LARGE = 100_003
GOLDEN_KEY = 15_310_236_020_868_037_228
GOLDEN_SUBKEYS = [161_877_966_034_158_384, 10_119_275_462_225_385_035]
GOLDEN_TWELVE = [9, 4, 6, 2, 1, 7, 8, 5, 10, 3, 11, 0]
GOLDEN_LARGE = [120_635_744_726_458, 766_003_430_162_393, 975_698_578_959_017]
GOLDEN_SLOTS = [9, 5, 6, 2, 0, 10, 4, 7, 3, 11, 8, 1]


def shuffle(size: int, key: np.uint64 | np.ndarray) -> np.ndarray:
    return permute(np.arange(size), size=size, key=key)


def test_every_size_up_to_10_000_is_shuffled_onto_itself() -> None:
    """For each size n in 1..10,000 and its own key, the places of 0..n-1 are 0..n-1, each once."""
    keys = subkey(derive_key("test"), np.arange(10_001))
    for size in range(1, 10_001):
        assert (np.bincount(shuffle(size, keys[size]), minlength=size) == 1).all(), size


@given(st.integers(1, 100_000), KEYS)
def test_any_size_and_key_is_shuffled_onto_itself(size: int, key: np.uint64) -> None:
    """For any size and key, the places of 0..size-1 are 0..size-1, each once."""
    assert np.array_equal(np.sort(shuffle(size, key)), np.arange(size))


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1])
def test_a_million_rows_are_shuffled_onto_themselves(size: int) -> None:
    places = shuffle(size, derive_key("test"))
    assert places.dtype == np.int64
    assert np.array_equal(np.bincount(places, minlength=size), np.ones(size))


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 7])
def test_every_order_of_a_few_rows_is_equally_likely(size: int) -> None:
    """Chi-square over all size! orders of 60 * size! fixed keys.

    The statistic of a fair shuffle has mean f = size! - 1 and deviation sqrt(2 f). Five deviations above the mean
    (f >= 23; for the few orders of sizes 2 and 3 the tail is heavier, so 15 is the least) is passed by a fair one
    in all but some 1e-4 of the choices of keys, and these keys are fixed.
    """
    keys = subkey(derive_key("fair", size), np.arange(60 * math.factorial(size)))
    places = permute(np.tile(np.arange(size), len(keys)), size=size, key=np.repeat(keys, size)).reshape(-1, size)
    assert is_fair(places)


def is_fair(places: np.ndarray) -> bool:
    size, orders = places.shape[1], math.factorial(places.shape[1])
    seen = np.unique(places @ size ** np.arange(size), return_counts=True)[1]
    statistic = ((seen - 60) ** 2).sum() / 60
    return len(seen) == orders and statistic < max(orders - 1 + 5 * math.sqrt(2 * (orders - 1)), 15)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Of places, which are ranks already."""
    return abs(float(np.corrcoef(one, other)[0, 1]))


# A fair shuffle of n rows has correlations of about 1 / sqrt(n); five times that is one chance in a million.
NOTICEABLE = 5 / math.sqrt(LARGE)


@pytest.mark.parametrize("distance", [1, 2, 316, 317])
def test_neighbours_land_in_unrelated_places(distance: int) -> None:
    """Rank correlation of the places of index c and c + distance; 316 and 317 are about the side of the square."""
    places = shuffle(LARGE, derive_key("test"))
    assert correlation(places[:-distance], places[distance:]) < NOTICEABLE


@pytest.mark.parametrize("relative", ["neighbour", "epoch", "seed"])
@pytest.mark.parametrize("size", [65, 1_000, 65_537, 2**40 + 1])
def test_pairs_of_places_fill_a_grid_evenly(size: int, relative: str) -> None:
    """Chi-square over 16 x 16 cells of (place of c, place of its neighbour, or of c in another epoch or seed).

    It sees any dependence, where correlation sees a straight one. 255 degrees of freedom, five deviations above.
    """
    rows = min(size - 1, 50_000)
    index, epoch = np.tile(np.arange(rows), 50_000 // rows), np.repeat(np.arange(50_000 // rows), rows)
    order, other = derive_key(0, "order", "text"), derive_key(1, "order", "text")
    places = permute(index, size=size, key=subkey(order, epoch))
    related = {
        "neighbour": lambda: permute(index + 1, size=size, key=subkey(order, epoch)),
        "epoch": lambda: permute(index, size=size, key=subkey(order, epoch + 1_000)),
        "seed": lambda: permute(index, size=size, key=subkey(other, epoch)),
    }[relative]()
    seen = np.bincount(places * 16 // size * 16 + related * 16 // size, minlength=256).reshape(16, 16)
    edges = -(-np.arange(17) * size // 16)
    cell = np.diff(edges).astype(float)
    # A neighbour never lands in the place itself.
    pairs = np.outer(cell, cell) - (np.diag(cell) if relative == "neighbour" else 0)
    expected = len(index) * pairs / pairs.sum()
    assert ((seen - expected) ** 2 / expected).sum() < 255 + 5 * math.sqrt(2 * 255)


@pytest.mark.parametrize("size", [65_537, 10**7])
@pytest.mark.parametrize("distance", ["one", "side"])
def test_the_way_from_one_place_to_the_next_is_of_any_length(size: int, distance: str) -> None:
    """Chi-square over 1,024 ranges of place(c + d) - place(c) modulo the size; four rounds fail it at d = side."""
    rows = np.arange(30_000)
    index, epoch = np.tile(rows, 20), np.repeat(np.arange(20), len(rows))
    further = 1 if distance == "one" else int(square_side(np.array([size], np.uint64))[0])
    key = subkey(derive_key(0, "order", "text"), epoch)
    way = permute((index + further) % size, size=size, key=key) - permute(index, size=size, key=key)
    seen = np.bincount(way % size * 1_024 // size, minlength=1_024)
    expected = len(way) * np.diff(-(-np.arange(1_025) * size // 1_024)) / size
    assert ((seen - expected) ** 2 / expected).sum() < 1_023 + 5 * math.sqrt(2 * 1_023)


def test_places_are_unrelated_to_indices() -> None:
    assert correlation(np.arange(LARGE), shuffle(LARGE, derive_key("test"))) < NOTICEABLE


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_epochs_are_unrelated(epoch: int) -> None:
    key = derive_key(0, "order", "text")
    one, next_one = (shuffle(LARGE, subkey(key, number)) for number in (epoch, epoch + 1))
    assert correlation(one, next_one) < NOTICEABLE
    assert (one == next_one).mean() < 10 / LARGE


@pytest.mark.parametrize("seed", [0, 1, 41])
def test_seeds_are_unrelated_also_across_epochs(seed: int) -> None:
    """Seed s epoch 1 is no seed s + 1 epoch 0, as it would be if seeds and epochs were added."""
    one, other = derive_key(seed, "order", "text"), derive_key(seed + 1, "order", "text")
    for mine, theirs in ((0, 0), (1, 0), (0, 1)):
        places = [shuffle(LARGE, subkey(one, mine)), shuffle(LARGE, subkey(other, theirs))]
        assert correlation(*places) < NOTICEABLE


def test_keys_that_differ_in_one_bit_are_unrelated() -> None:
    for bit in (0, 31, 63):
        key = derive_key("test")
        assert correlation(shuffle(LARGE, key), shuffle(LARGE, key ^ np.uint64(1 << bit))) < NOTICEABLE


@given(st.lists(st.tuples(st.integers(1, 10**12), st.integers(0, 10**12), KEYS), min_size=1, max_size=30))
def test_a_size_and_key_for_each_index_is_the_same_as_one_for_all(triples: list[tuple[int, int, np.uint64]]) -> None:
    """Asked together with arrays of sizes and keys, or one by one with scalars: the same places."""
    sizes, index, keys = (np.array(part) for part in zip(*triples, strict=True))
    index %= sizes
    together = permute(index, size=sizes, key=keys)
    apart = [permute(one[None], size=int(size), key=key)[0] for one, size, key in zip(index, sizes, keys, strict=True)]
    assert together.tolist() == [int(place) for place in apart]


def test_the_shape_of_the_index_is_kept_and_none_is_none() -> None:
    grid = np.arange(12).reshape(3, 4)
    assert np.array_equal(permute(grid, size=12, key=np.uint64(5)).ravel(), shuffle(12, np.uint64(5)))
    assert permute(np.zeros(0, np.int64), size=12, key=np.uint64(5)).shape == (0,)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (2**40, 2**40), (0, 0)])
def test_an_index_outside_the_size_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"`index` must hold whole numbers in 0\.\.size-1"):
        permute(np.array([0, index]), size=size, key=np.uint64(1))


@pytest.mark.parametrize("size", [2**62, 2**62 - 1, 2**61 + 2**31 + 1, (2**30 + 7) ** 2 + 1])
def test_sizes_to_2_to_the_62_are_shuffled_over_their_whole_range(size: int) -> None:
    """Distinct, inside the size, and spread evenly: each tenth of the range gets its tenth within 5 deviations."""
    index = np.concatenate([np.arange(50_000), size - 1 - np.arange(50_000)])
    places = permute(index, size=size, key=derive_key("test"))
    assert len(np.unique(places)) == len(index)
    assert places.min() >= 0
    assert places.max() < size
    tenths = np.bincount((places // (size // 10 + 1)).astype(int), minlength=10)
    assert abs(tenths - 10_000).max() < 5 * math.sqrt(10_000)
    assert correlation(places[:-1], places[1:]) < NOTICEABLE


@given(st.integers(1, 2**31), st.integers(-2, 2))
def test_the_side_of_the_square_is_exact(root: int, near: int) -> None:
    """The side is the least even number from 8 on whose square holds the size, also next to squares: floats round."""
    size = min(max(root * root + near, 1), 2**62)
    least = math.isqrt(size - 1) + 1
    assert int(square_side(np.array([size], np.uint64))[0]) == max(least + least % 2, LEAST_SIDE)


@given(st.integers(1, 3_000), st.lists(KEYS, min_size=1, max_size=4))
def test_the_slots_of_a_step_are_shuffled_onto_themselves(slots: int, keys: list[np.uint64]) -> None:
    """Row k is a shuffle of 0..slots-1 that depends on key k alone."""
    rows = shuffled_slots(np.array(keys), slots)
    assert (np.sort(rows, axis=1) == np.arange(slots)).all()
    assert np.array_equal(rows[-1:], shuffled_slots(np.array(keys[-1:]), slots))


@pytest.mark.parametrize("slots", [2, 3, 4, 5, 6])
def test_every_order_of_a_few_slots_is_equally_likely(slots: int) -> None:
    keys = subkey(derive_key("fair slots", slots), np.arange(60 * math.factorial(slots)))
    assert is_fair(shuffled_slots(keys, slots))


# Few letters, and those that the encoding itself uses, so that two purposes often look alike.
purposes = st.lists(st.text("ab:1\0", max_size=4), min_size=1, max_size=4)


@given(purposes, purposes)
def test_no_two_purposes_share_a_key(one: list[str], other: list[str]) -> None:
    """Keys are equal if and only if the purposes are, also where joining the parts gives one text."""
    assert (derive_key(*one) == derive_key(*other)) == (one == other)
    joined = "\0".join(one)
    assert len(one) == 1 or derive_key(*one) != derive_key(joined)


def test_subkeys_of_a_family_are_all_different_and_of_one_shape() -> None:
    key = derive_key("test")
    members = subkey(key, np.arange(10_000))
    assert len(np.unique(members)) == 10_000
    assert members.dtype == np.uint64
    assert subkey(key, 7).tolist() == members[7:8].tolist()


def test_golden_values_hold_on_every_platform() -> None:
    """Whoever changes one of these changes every plan, and must raise PLAN_FORMAT."""
    key = derive_key(0, "order", "text")
    assert int(key) == GOLDEN_KEY
    assert [int(member) for member in subkey(key, np.arange(2))] == GOLDEN_SUBKEYS
    assert shuffle(12, key).tolist() == GOLDEN_TWELVE
    assert permute(np.array([0, 1, 10**15]), size=10**15 + 1, key=key).tolist() == GOLDEN_LARGE
    assert shuffled_slots(subkey(key, 0), 12)[0].tolist() == GOLDEN_SLOTS
