"""The audit of others: restated rules do what is said of them, measures count right, the command writes it all."""

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from launch import one_device

from mixsched.bench.case import Case, Planned, Stream, halves_case, main_case
from mixsched.bench.grain_mix import grain_mix
from mixsched.bench.measures import (
    contiguous_hosts,
    deviation,
    difference,
    served_twice,
    strided_hosts,
    unfairness,
    vanished,
)
from mixsched.bench.ours import mixsched
from mixsched.bench.rules import iid_rows, iid_sources, levanter, megatron

ROOT = Path(__file__).parents[2]
RULES = (mixsched, grain_mix, levanter, megatron, iid_sources, iid_rows)


def small_case(weights: dict[str, str], *, rows: int, batch_size: int = 8, steps: int = 25, hosts: int = 2) -> Case:
    mix = {name: Fraction(weight) for name, weight in weights.items()}
    return Case("small", mix, dict.fromkeys(mix, rows), batch_size, steps, hosts, seed=0)


def all_of(planned: Planned, case: Case) -> Stream:
    return planned.steps(0, case.steps)


def stream(source: list[int], record: list[int] | None = None) -> Stream:
    return Stream(np.array(source), np.array(record if record is not None else [0] * len(source)))


def test_levanters_blocks_floor_each_source_and_give_the_rest_to_the_largest() -> None:
    case = small_case({"text": "0.697", "code": "0.299", "rare": "0.004"}, rows=10**6, batch_size=100, steps=20)
    served = all_of(levanter(case, block_size=100), case)
    for block in served.source.reshape(-1, 100):
        assert np.bincount(block, minlength=3).tolist() == [71, 29, 0]
    assert vanished(served, case) == 1
    for source in (0, 1):
        assert np.sort(served.record[served.source == source]).tolist() == list(range((71, 29)[source] * 20))
    assert not np.array_equal(served.source[:100], served.source[100:200]), "blocks are shuffled, each by itself"


def test_megatrons_greedy_blend_serves_the_most_owed_and_lists_ties_first() -> None:
    halves = small_case({"a": "1/2", "b": "1/2"}, rows=50, batch_size=4, steps=3)
    assert all_of(megatron(halves), halves).source.tolist() == [0, 1] * 6
    # Worked out by hand: weight * 1, 1, 2, 3, ... less what was served.
    case = small_case({"a": "5/8", "b": "1/4", "c": "1/8"}, rows=50, batch_size=1, steps=8)
    assert all_of(megatron(case), case).source.tolist() == [0, 1, 0, 2, 0, 1, 0, 0]


def test_megatrons_blend_stays_near_the_weights() -> None:
    case = small_case({"a": "0.55", "b": "0.25", "c": "0.19", "d": "0.01"}, rows=90, steps=500)
    assert deviation(all_of(megatron(case), case), case).at_any_sample < 2


def test_iid_sampling_strays_and_only_drawn_rows_come_twice() -> None:
    case = small_case({"a": "0.5", "b": "0.5"}, rows=300, batch_size=50, steps=100)
    in_turn, drawn = all_of(iid_sources(case), case), all_of(iid_rows(case), case)
    assert deviation(in_turn, case).at_step_ends > 5
    assert served_twice(in_turn, case) == 0
    assert served_twice(drawn, case) > 1_000


@pytest.mark.parametrize("rule", RULES)
def test_a_mixer_serves_the_same_steps_alone_as_in_a_row(rule) -> None:
    case = dataclasses.replace(main_case(steps=12), batch_size=64)
    whole, alone = all_of(rule(case), case), rule(case).steps(7, 9)
    assert np.array_equal(alone.source, whole.source[7 * 64 : 9 * 64])
    assert np.array_equal(alone.record, whole.record[7 * 64 : 9 * 64])
    rows = np.array(list(case.rows.values()))
    assert len(whole.source) == case.samples
    assert (whole.record < rows[whole.source]).all()


@pytest.mark.parametrize("rule", [mixsched, grain_mix, megatron, iid_sources])
def test_a_source_serves_all_its_rows_before_it_starts_over(rule) -> None:
    case = small_case({"a": "1/2", "b": "1/2"}, rows=16, batch_size=1, steps=120)
    served = all_of(rule(case), case)
    for source in (0, 1):
        assert np.sort(served.record[served.source == source][:16]).tolist() == list(range(16))


def test_a_stream_far_from_its_weights_is_told_by_how_many_samples() -> None:
    case = small_case({"a": "3/4", "b": "1/4"}, rows=9, batch_size=4, steps=3)
    found = deviation(stream([0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0]), case)
    assert found.until.tolist() == [0, 1, 1]
    assert found.at_any_sample == 1
    assert found.within_a_step == 1
    thirds = small_case({"a": "1/2", "b": "1/4", "c": "1/4"}, rows=9, batch_size=4, steps=3)
    assert deviation(stream([1, 2] * 6), thirds).at_any_sample == 6, "what is missing counts as much as what is over"


def test_a_row_counts_as_served_twice_until_its_source_is_through() -> None:
    case = small_case({"a": "1/2", "b": "1/2"}, rows=3, batch_size=1, steps=8)
    assert served_twice(stream([0, 1, 0, 1, 0, 0, 0, 0], [0, 0, 1, 2, 2, 2, 1, 0]), case) == 0
    assert served_twice(stream([0, 1, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 2, 2]), case) == 3
    assert served_twice(stream([0, 0, 0], [0, 1, 1]), dataclasses.replace(case, steps=3)) == 1


def test_within_a_step_the_rows_of_two_epochs_may_stand_in_any_order() -> None:
    case = small_case({"a": "1"}, rows=3, batch_size=2, steps=3)
    assert served_twice(stream([0] * 6, [0, 1, 0, 2, 1, 2]), case) == 0
    assert served_twice(stream([0] * 6, [0, 0, 1, 2, 1, 2]), case) == 1


def test_a_source_is_lost_only_if_a_sample_was_due() -> None:
    case = small_case({"a": "0.9", "b": "0.1"}, rows=99, batch_size=1, steps=10)
    assert vanished(stream([0] * 10), case) == 1
    assert vanished(stream([0] * 9), case) == 0
    assert vanished(stream([0] * 9 + [1]), case) == 0


def test_alternating_sources_leave_one_to_a_strided_host_and_both_to_a_contiguous_one() -> None:
    case = small_case({"a": "1/2", "b": "1/2"}, rows=99)
    served = stream([0, 1] * (case.samples // 2))
    assert unfairness(served, case, strided_hosts(case)) == 0.5
    assert unfairness(served, case, contiguous_hosts(case)) == 0


def test_what_two_runs_have_served_is_compared_as_multisets_at_step_ends() -> None:
    assert difference(np.array([1, 2, 3, 4]), np.array([2, 1, 4, 3]), batch_size=2) == 0
    assert difference(np.array([1, 2, 3, 4]), np.array([3, 4, 1, 2]), batch_size=2) == 2
    assert difference(np.array([5, 5, 5, 1]), np.array([5, 1, 5, 5]), batch_size=2) == 1


def test_rows_keep_their_numbers_whatever_the_listing() -> None:
    case = small_case({"a": "1/2", "b": "1/2"}, rows=10)
    ids = stream([0, 1], [3, 4]).ids(case)
    assert ids.tolist() == stream([1, 0], [3, 4]).ids(case.backwards()).tolist() == [3, 14]


def test_listing_order_changes_nothing_of_ours_and_something_of_grains() -> None:
    case = main_case(steps=20)
    backwards = case.backwards()
    for rule, same in ((mixsched, True), (grain_mix, False)):
        one, other = all_of(rule(case), case), all_of(rule(backwards), backwards)
        assert (difference(one.ids(case), other.ids(backwards), batch_size=case.batch_size) == 0) is same, rule


def test_grains_halves_alternate_and_ours_do_not() -> None:
    case = halves_case(steps=20)
    assert unfairness(all_of(grain_mix(case), case), case, strided_hosts(case)) == 0.5
    assert unfairness(all_of(mixsched(case), case), case, strided_hosts(case)) < 0.05


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What `python -m mixsched.bench --quick` wrote, and what it printed."""
    out = tmp_path_factory.mktemp("bench") / "out"
    command = [sys.executable, "-m", "mixsched.bench", "--quick", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=one_device(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_the_command_writes_tables_lines_and_figure(written: tuple[Path, str]) -> None:
    out, printed = written
    assert (out / "mixers.png").read_bytes().startswith(b"\x89PNG")
    assert "Megatron blend*" in (out / "mixers.svg").read_text()
    assert "| mixsched |" in (out / "mixers.md").read_text()
    assert "What the engine promises" in printed
    tables = {json.loads(line)["table"] for line in (out / "mixers.jsonl").read_text().splitlines()}
    assert tables == {"exact", "hosts", "cost", "reading", "engine"}


def test_our_row_keeps_what_mixsched_promises(written: tuple[Path, str]) -> None:
    lines = [json.loads(line) for line in (written[0] / "mixers.jsonl").read_text().splitlines()]
    ours = {
        line["metric"]: line["value"] for line in lines if (line["table"], line["subject"]) == ("exact", "mixsched")
    }
    assert ours["at step ends"] < 1
    assert ours["reversed"] < 1
    assert (ours["rows twice"], ours["sources lost"], ours["differ by"]) == (0, 0, 0)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    command = [sys.executable, "-m", "mixsched.bench", "--quick", "--out", str(tmp_path / "taken" / "out")]
    done = subprocess.run(command, cwd=ROOT, env=one_device(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "taken" in done.stderr
