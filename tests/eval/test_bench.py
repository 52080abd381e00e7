"""How the benchmark takes turns, without a look at the clock."""

from eval.bench.timing import median_seconds


def test_ways_take_turns_once_more_than_is_counted():
    turns = []
    found = median_seconds({"one": lambda: turns.append("one"), "other": lambda: turns.append("other")}, repeats=3)
    assert turns == ["one", "other"] * 4
    assert list(found) == ["one", "other"]


def test_the_first_round_which_compiles_is_not_counted(monkeypatch):
    ticks = iter([0, 100, 100, 101, 101, 104, 104, 106])
    monkeypatch.setattr("eval.bench.timing.time.perf_counter", lambda: next(ticks))
    assert median_seconds({"one": lambda: None}, repeats=3) == {"one": 2}
