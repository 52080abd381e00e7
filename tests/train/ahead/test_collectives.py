"""Whom chips exchange with, by every way in which a program says it, and how long that takes."""

import pytest

from train.ahead.chips import V5E
from train.ahead.collectives import Collective, collective_in
from train.ahead.hlo import parse

COORDINATES = [(chip % 16, chip // 16) for chip in range(256)]


@pytest.mark.parametrize(
    ("groups", "first"),
    [
        ("replica_groups={{0,16,32},{1,17,33}}", [0, 16, 32]),
        ("replica_groups=[16,16]<=[256]", list(range(16))),
        ("replica_groups=[16,16]<=[16,16]T(1,0)", list(range(0, 256, 16))),
        ("replica_groups=mesh['axis_0'=256,'axis_1'=1] {'axis_0'}", list(range(256))),
        ("replica_groups=mesh['axis_0'=16,'axis_1'=16], device_ids=([16,16]T(1,0)) {'axis_0'}", list(range(16))),
        ("replica_groups=mesh['a'=16,'b'=1,'c'=16] {'a'}", list(range(0, 256, 16))),
        ("replica_groups={}", list(range(256))),
    ],
)
def test_the_group_is_read_from_every_form(groups: str, first: list[int]) -> None:
    lines = ["ENTRY %main (p: f32[8]) -> f32[8] {", "  %p = f32[8]{0} parameter(0)"]
    lines += [f"  %r = f32[8]{{0}} all-reduce(%p), {groups}", "}"]
    program = parse("\n".join(lines))
    found = collective_in(program, program.instructions["r"], devices=256)
    assert found == Collective("all-reduce", 32, tuple(first))


def test_a_scatter_of_a_sum_counts_as_a_scatter_of_the_whole() -> None:
    text = """%all-reduce-scatter.1 (x: f32[256]) -> f32[16] {
  %x = f32[256]{0} parameter(0)
  %sum = f32[256]{0} all-reduce(%x), replica_groups=[16,16]<=[256], to_apply=%add
  ROOT %own = f32[16]{0} dynamic-slice(%sum, %x), dynamic_slice_sizes={16}
}

ENTRY %main (p: f32[256]) -> f32[16] {
  %p = f32[256]{0} parameter(0)
  ROOT %f = f32[16]{0} fusion(%p), kind=kCustom, calls=%all-reduce-scatter.1
}
"""
    program = parse(text)
    found = collective_in(program, program.instructions["f"], devices=256)
    assert found == Collective("reduce-scatter", 1_024, tuple(range(16)))


LINK = V5E.link_bytes_per_s


@pytest.mark.parametrize(
    ("kind", "group", "seconds"),
    [
        ("all-gather", range(16), 160 * 15 / 16 / (2 * LINK)),  # One ring.
        ("reduce-scatter", range(0, 256, 16), 160 * 15 / 16 / (2 * LINK)),  # The other.
        ("all-gather", range(256), 160 * 255 / 256 / (4 * LINK)),  # Both at once.
        ("all-reduce", range(16), 2 * 160 * 15 / 16 / (2 * LINK)),
        ("all-gather", range(8), 160 * 7 / 8 / LINK),  # Half a ring is a line.
        ("all-to-all", range(16), 16 * 160 / 4 * 15 / 16 / (2 * LINK)),  # A quarter of gathering 16 times 160 bytes.
        ("all-to-all", range(256), (16 + 16) * 160 / 4 * 255 / 256 / (4 * LINK)),
        ("all-to-all", (0, 1), 160 / 2 / 2 / LINK),  # Half of it stays.
        ("collective-permute", (0, 1), 160 / LINK),
        ("all-gather", (3,), 0.0),
    ],
)
def test_seconds_follow_from_bytes_and_links(kind: str, group: range, seconds: float) -> None:
    assert Collective(kind, 160, tuple(group)).seconds(V5E, COORDINATES, (16, 16)) == pytest.approx(seconds)


def test_a_small_slice_has_no_rings() -> None:
    coordinates = [(chip % 4, chip // 4) for chip in range(16)]
    whole = Collective("all-gather", 160, tuple(range(16)))
    assert whole.seconds(V5E, coordinates, (4, 4)) == pytest.approx(160 * 15 / 16 / (2 * LINK))
