"""Predicts how long a compiled step takes on its chips, by part, from the compiler's own text.

The method, instruction by instruction in the order that the compiler settled on:

- An instruction for which the compiler estimates cycles takes these at the chip's clock. A loop's body counts as often
  as it goes round.
- A kernel that the compiler can't see into (attention) takes its FLOPs at a stated share of the chip's peak
  (`train.ahead.kernels`).
- A gather or scatter of its own kind, for which there is no estimate, takes its bytes at the speed of the memory.
- An exchange between chips takes its bytes at the published speed of the links that its group spans. If it was started
  ahead, only what has not passed when it is waited for counts; exchanges wait for each other.
- A copy between memories that was started ahead is treated likewise, at the speed of the memory.

So nothing is measured on a chip here, and contention for memory between a copy and a computation is not counted.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence

from train.ahead.chips import Chip
from train.ahead.collectives import Collective, collective_in
from train.ahead.hlo import Instruction, Program
from train.ahead.kernels import KernelOf

PARTS = (
    "matrix products",
    "attention",
    "loss",
    "optimizer",
    "elementwise",
    "waiting for collectives",
    "waiting for memory",
)
MATRIX_PRODUCTS = ("convolution", "dot")
STARTED_COPIES = ("copy", "slice")


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One collective of the program: how often a step makes it, its seconds each time, and how many are waited for."""

    collective: Collective
    op_name: str
    times: int
    seconds: float
    waited_s: float


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Seconds of a step by part, and all its exchanges. Nothing of it is measured."""

    parts: Mapping[str, float]
    exchanges: tuple[Exchange, ...]
    hbm_traffic_bytes: int
    """Read and written in a step."""
    kernel_flops: float

    @property
    def step_s(self) -> float:
        """Of the whole step."""
        return sum(self.parts.values())


def predict(
    program: Program,
    chip: Chip,
    *,
    coordinates: Sequence[tuple[int, ...]],
    sides: tuple[int, ...],
    kernel_of: KernelOf,
) -> Prediction:
    """The prediction for a compiled step.

    - `coordinates`: where in the topology, whose sides are `sides` long, the chip of each partition lies.
    - `kernel_of`: the work of a kernel's call, None for an instruction that is none.
    """
    whole = _Stretch(program, chip, coordinates, sides, kernel_of).run(program.entry)
    return Prediction(
        {part: whole.parts[part] for part in PARTS}, tuple(whole.exchanges), whole.hbm_traffic_bytes, whole.flops
    )


@dataclasses.dataclass
class _Stretch:
    """A simulated stretch of the schedule: its clock, when links and memory are free again, and what it has taken."""

    program: Program
    chip: Chip
    coordinates: Sequence[tuple[int, ...]]
    sides: tuple[int, ...]
    kernel_of: KernelOf
    now_s: float = 0.0
    links_free_s: float = 0.0
    memory_free_s: float = 0.0
    # Of what was started ahead and is not waited for yet, by the name of its start.
    ready_s: dict[str, float] = dataclasses.field(default_factory=dict)
    sent: dict[str, Exchange] = dataclasses.field(default_factory=dict)
    parts: defaultdict[str, float] = dataclasses.field(default_factory=lambda: defaultdict(float))
    exchanges: list[Exchange] = dataclasses.field(default_factory=list)
    hbm_traffic_bytes: int = 0
    flops: float = 0.0

    def run(self, computation: str) -> "_Stretch":
        """Go through a computation's instructions in their order."""
        for instruction in self.program.computations[computation]:
            self._step(instruction)
        assert not self.sent, f"{computation} never waits for {', '.join(self.sent)}"
        return self

    def _step(self, instruction: Instruction) -> None:
        opcode, name = instruction.opcode, instruction.name
        if opcode == "while":
            self._add(self._alone(instruction.called("body")), self.program.trips(instruction))
        elif opcode == "call":
            self._add(self._alone(instruction.called("to_apply")), 1)
        elif opcode == "conditional":
            branches = [self._alone(branch) for branch in instruction.branches]
            self._add(max(branches, key=lambda each: each.now_s), 1)
        elif opcode in ("copy-start", "slice-start"):
            self._start_copy(instruction)
        elif opcode in ("copy-done", "slice-done"):
            self._wait("waiting for memory", self.ready_s.pop(instruction.operands[0]))
        elif (start := name.replace("-done", "-start")) in self.sent:
            self._end_exchange(start)
        elif (collective := collective_in(self.program, instruction, devices=len(self.coordinates))) is not None:
            self._exchange(instruction, collective)
        else:
            self._compute(instruction)

    def _alone(self, computation: str) -> "_Stretch":
        """Another stretch, which finds links and memory free: what is under way around it is not counted in it."""
        return _Stretch(self.program, self.chip, self.coordinates, self.sides, self.kernel_of).run(computation)

    def _add(self, other: "_Stretch", times: int) -> None:
        self.now_s += times * other.now_s
        self.hbm_traffic_bytes += times * other.hbm_traffic_bytes
        self.flops += times * other.flops
        for part, seconds in other.parts.items():
            self.parts[part] += times * seconds
        self.exchanges += [dataclasses.replace(each, times=times * each.times) for each in other.exchanges]

    def _spend(self, part: str, seconds: float) -> None:
        self.now_s += seconds
        self.parts[part] += seconds

    def _wait(self, part: str, until_s: float) -> float:
        waited_s = max(0.0, until_s - self.now_s)
        self._spend(part, waited_s)
        return waited_s

    def _start_copy(self, instruction: Instruction) -> None:
        moved = sum(array.nbytes for array in instruction.arrays[:2] if array.in_hbm)
        self.hbm_traffic_bytes += moved
        self.memory_free_s = max(self.memory_free_s, self.now_s) + moved / self.chip.hbm_bytes_per_s
        self.ready_s[instruction.name] = self.memory_free_s

    def _exchange(self, instruction: Instruction, collective: Collective) -> None:
        if instruction.cycles is not None:
            # A product into which the compiler fused the middle of an exchange that was started before it.
            self._compute(instruction)
            return
        seconds = collective.seconds(self.chip, self.coordinates, self.sides)
        self.links_free_s = max(self.links_free_s, self.now_s) + seconds
        self.ready_s[instruction.name] = self.links_free_s
        self.sent[instruction.name] = Exchange(collective, instruction.op_name, 1, seconds, 0.0)
        if "-start" not in instruction.name:
            self._end_exchange(instruction.name)

    def _end_exchange(self, start: str) -> None:
        waited_s = self._wait("waiting for collectives", self.ready_s.pop(start))
        self.exchanges.append(dataclasses.replace(self.sent.pop(start), waited_s=waited_s))

    def _compute(self, instruction: Instruction) -> None:
        touched = sum(array.nbytes for array in instruction.arrays if array.in_hbm)
        read = (self.program.instructions[name] for name in instruction.operands)
        touched += sum(array.nbytes for each in read for array in each.arrays if array.in_hbm)
        kernel = self.kernel_of(instruction)
        if kernel is not None:
            self.flops += kernel.flops
            self._spend("attention", kernel.flops / (kernel.efficiency * self.chip.peak_flops_per_s))
        elif instruction.cycles is not None:
            self._spend(self._part(instruction), instruction.cycles / self.chip.clock_hz)
        elif instruction.opcode == "fusion":
            self._spend(self._part(instruction), touched / self.chip.hbm_bytes_per_s)
        else:
            return
        self.hbm_traffic_bytes += touched

    def _part(self, instruction: Instruction) -> str:
        scopes = instruction.op_name.replace("(", "/").replace(")", "/").split("/")
        if "loss" in scopes:
            return "loss"
        if "optimizer" in scopes:
            return "optimizer"
        return "matrix products" if self.program.holds(instruction, MATRIX_PRODUCTS) else "elementwise"
