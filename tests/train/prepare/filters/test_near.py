"""Band keys: near duplicates share one as often as the S-curve says, and others share none."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rensa

from train.prepare.filters.near import band_keys, bands_for

# Pairs of texts of 200 random words with this many of the first in common; 300 pairs each.
WORDS, SHARED, PAIRS = 200, (130, 150, 170, 180, 190), 300


def pair(rng: np.random.Generator, shared: int) -> tuple[str, str]:
    first, second = rng.integers(2**40, size=(2, WORDS)).astype(str).tolist()
    return " ".join(first), " ".join(first[:shared] + second[shared:])


def jaccard(shared: int) -> float:
    common, all_runs = shared - 4, WORDS - 4
    return common / (2 * all_runs - common)


@pytest.mark.parametrize(("bands", "rows"), [(9, 13), (25, 10), (5, 4)])
def test_pairs_share_a_band_as_often_as_the_s_curve_says(bands: int, rows: int) -> None:
    rng = np.random.default_rng(1)
    for shared in SHARED:
        keys = [[band_keys(text, bands=bands, rows=rows) for text in pair(rng, shared)] for _ in range(PAIRS)]
        found = np.mean([(left == right).any() for left, right in keys])
        expected = 1 - (1 - jaccard(shared) ** rows) ** bands
        error = (expected * (1 - expected) / PAIRS) ** 0.5
        assert abs(found - expected) < 3.5 * error + 2 / PAIRS, (shared, found, expected)


def test_keys_are_one_a_band_and_never_shared_between_bands_or_other_texts() -> None:
    rng = np.random.default_rng(2)
    keys = np.array([band_keys(pair(rng, 0)[0], bands=9, rows=13) for _ in range(300)])
    assert (keys.shape, keys.dtype) == ((300, 9), np.uint64)
    assert len(np.unique(keys)) == keys.size


def test_only_the_set_of_runs_counts() -> None:
    run = "a b c d e "
    assert (band_keys(run * 3, bands=5, rows=4) == band_keys("\t" + run * 50, bands=5, rows=4)).all()
    assert not (band_keys("b c d e a", bands=5, rows=4) == band_keys(run, bands=5, rows=4)).any()


@pytest.mark.parametrize("text", ["", " \n", "one", "a b c d", "\x00", "\ud800"])
def test_a_short_text_has_keys_that_equal_texts_share(text: str) -> None:
    keys = band_keys(text, bands=9, rows=13)
    assert (keys == band_keys(text + " ", bands=9, rows=13)).all()
    assert not (keys == band_keys("other " + text, bands=9, rows=13)).any()


def test_keys_are_the_same_in_every_process() -> None:
    text = " ".join(map(str, range(1000)))
    code = f"from train.prepare.filters.near import band_keys; print(band_keys({text!r}, bands=9, rows=13).tolist())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[4],
            env={"PYTHONHASHSEED": str(seed), "RAYON_NUM_THREADS": str(seed)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in (1, 2)
    }
    assert outputs == {f"{band_keys(text, bands=9, rows=13).tolist()}\n"}


def test_keys_are_those_of_the_version_of_rensa_that_was_measured() -> None:
    assert rensa.RMinHash.ALGORITHM_VERSION == 2  # pyright: ignore[reportAttributeAccessIssue]
    assert band_keys("the cat sat on the mat", bands=2, rows=2).tolist() == [12251668214456110868, 4839122700377233440]


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.7, 0.8, 0.95])
def test_bands_put_the_middle_of_the_curve_near_the_threshold(threshold: float) -> None:
    bands, rows = bands_for(threshold)
    assert bands * rows <= 128
    similarity = np.linspace(0, 1, 10_001)
    middle = similarity[np.searchsorted(1 - (1 - similarity**rows) ** bands, 0.5)]
    assert abs(middle - threshold) < 0.05


@pytest.mark.parametrize("threshold", [0, 1, -0.5, float("nan")])
def test_a_threshold_lies_between_0_and_1(threshold: float) -> None:
    with pytest.raises(ValueError, match="`threshold` must lie between 0 and 1"):
        bands_for(threshold)
