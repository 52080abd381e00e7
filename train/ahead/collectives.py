"""What chips say to each other: which of them, how much, and how long that takes at the published speed of links."""

import dataclasses
import math
import re
from collections.abc import Sequence

import numpy as np

from train.ahead.chips import Chip
from train.ahead.hlo import Instruction, Program

KINDS = ("all-gather", "all-reduce", "reduce-scatter", "all-to-all", "collective-permute", "ragged-all-to-all")
_MESH = re.compile(r"replica_groups=mesh\[([^\]]*)\](?:, device_ids=\(\[([\d,]+)\](?:T\(([\d,]+)\))?\))? \{([^}]*)\}")
_LISTED = re.compile(r"replica_groups=\{\{([\d,]+)\}")
_IOTA = re.compile(r"replica_groups=\[([\d,]+)\]<=\[([\d,]+)\](?:T\(([\d,]+)\))?")
_PAIRS = re.compile(r"source_target_pairs=\{\{(\d+),(\d+)\}")


@dataclasses.dataclass(frozen=True)
class Collective:
    """One exchange: its kind, the bytes on a chip of the whole that is gathered or reduced, and its group of chips.

    What is exchanged by all with all, or permuted, is no chip's whole: `nbytes` are what each chip sends.
    """

    kind: str
    nbytes: int
    group: tuple[int, ...]

    def seconds(self, chip: Chip, coordinates: Sequence[tuple[int, ...]], sides: tuple[int, ...]) -> float:
        """How long it takes if nothing else uses the links.

        Along each side of the topology that the group spans, pieces travel round a ring, both ways at once; where the
        side is no ring, along a line, whose end gets all of it through one link. Gathering and scattering move
        (n - 1) / n of the whole, an all-reduce twice that (Patarasuk & Yuan 2009), and a permutation its piece over one
        link. In an exchange of all with all what a chip holds travels past a quarter of the chips of each side (a
        quarter of gathering what all of them hold; Austin et al. 2025, chapter 3).
        """
        chips = len(self.group)
        if chips <= 1 or not self.nbytes:
            return 0.0
        if self.kind == "collective-permute":
            return self.nbytes / chip.link_bytes_per_s
        places = np.array([coordinates[member] for member in self.group])
        spanned = [axis for axis in range(len(sides)) if len(set(places[:, axis].tolist())) > 1]
        links = sum(2 if _is_ring(places[:, axis], sides[axis], chip) else 1 for axis in spanned)
        moved = self.nbytes * (chips - 1) / chips
        past = sum(len(set(places[:, axis].tolist())) for axis in spanned) / 4
        times = {"all-reduce": 2.0, "all-to-all": past, "ragged-all-to-all": past}.get(self.kind, 1.0)
        return times * moved / (links * chip.link_bytes_per_s)


def _is_ring(places: np.ndarray, side: int, chip: Chip) -> bool:
    return side == chip.ring_side and len(set(places.tolist())) == side


def collective_in(program: Program, instruction: Instruction, *, devices: int) -> Collective | None:
    """The exchange that an instruction makes, itself or inside its fusion; None where it makes none."""
    kind = next((kind for kind in KINDS if instruction.opcode in (kind, f"{kind}-start")), None)
    if kind is not None:
        operands = sum(program.instructions[name].nbytes for name in instruction.operands)
        # The whole is the larger side: what is gathered, or what is reduced. A start hands its operands on, too.
        whole = max(operands, instruction.nbytes - (operands if instruction.opcode != kind else 0))
        return Collective(kind, whole, _group(instruction.rest, devices))
    if instruction.opcode != "fusion":
        return None
    inner = program.computations[instruction.called("calls")]
    found = [each for one in inner if (each := collective_in(program, one, devices=devices)) is not None]
    if not found:
        return None
    assert len(found) == 1, (instruction.name, found)
    # A reduction whose fusion keeps a slice of the result is sent as a scatter.
    scatters = "all-reduce-scatter" in instruction.rest
    return dataclasses.replace(found[0], kind="reduce-scatter") if scatters else found[0]


def _group(text: str, devices: int) -> tuple[int, ...]:
    """The first group of chips; all groups of an exchange lie alike."""
    if (found := _PAIRS.search(text)) is not None:
        return int(found[1]), int(found[2])
    if (found := _LISTED.search(text)) is not None:
        return tuple(int(chip) for chip in found[1].split(","))
    if (found := _IOTA.search(text)) is not None:
        shape, sizes, order = found.groups()
        return tuple(_grid(sizes, order).reshape(_numbers(shape))[0].ravel().tolist())
    if (found := _MESH.search(text)) is not None:
        axes, sizes, order, named = found.groups()
        names, lengths = zip(*re.findall(r"'(\w+)'=(\d+)", axes), strict=True)
        grid = _grid(sizes or str(devices), order).reshape([int(length) for length in lengths])
        spanned = re.findall(r"'(\w+)'", named)
        return tuple(grid[tuple(slice(None) if name in spanned else 0 for name in names)].ravel().tolist())
    return tuple(range(devices))


def _grid(sizes: str, order: str | None) -> np.ndarray:
    """Chips numbered over a grid, whose axes were then put into another order."""
    shape = _numbers(sizes)
    grid = np.arange(math.prod(shape)).reshape(shape)
    return grid.transpose(_numbers(order)) if order else grid


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]
