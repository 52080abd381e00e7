"""Reads the text of a compiled TPU program: its computations, their instructions in the order of the schedule."""

import dataclasses
import functools
import math
import re
from collections.abc import Mapping

BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s16": 2, "u16": 2, "s32": 4, "u32": 4, "f32": 4}
# Memory space 1 of a layout is the core's vector memory; without one it is HBM.
_ARRAY = re.compile(r"([a-z]+\d*)\[([\d,]*)\](?:\{[^}]*?(S\(\d+\))?\})?")
_INSTRUCTION = re.compile(r"\s+(?:ROOT )?%?(?P<name>[\w.-]+) = (?P<rest>.*)")
_COMPUTATION = re.compile(r"(?P<entry>ENTRY )?%?(?P<name>[\w.-]+) \(.*\{$")
_CYCLES = re.compile(r'"estimated_cycles":"(\d+)"')
_OP_NAME = re.compile(r'op_name="([^"]*)"')


@dataclasses.dataclass(frozen=True)
class Array:
    """An array as the program holds it."""

    dtype: str
    shape: tuple[int, ...]
    in_hbm: bool

    @property
    def nbytes(self) -> int:
        """Bytes without the padding of its tiles; 0 for what is no data (tokens, unknown types)."""
        return BYTES.get(self.dtype, 0) * math.prod(self.shape)


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One line of a computation.

    - `cycles`: the compiler's own estimate, None where it has none; the bodies of loops have their own.
    - `op_name`: the JAX operation that it came from, with the named scopes around it.
    - `rest`: the line behind its operands.
    """

    name: str
    opcode: str
    arrays: tuple[Array, ...]
    operands: tuple[str, ...]
    rest: str

    @functools.cached_property
    def cycles(self) -> int | None:
        found = _CYCLES.search(self.rest)
        return None if found is None else int(found[1])

    @functools.cached_property
    def op_name(self) -> str:
        found = _OP_NAME.search(self.rest)
        return "" if found is None else found[1]

    @property
    def nbytes(self) -> int:
        """Bytes of its result."""
        return sum(array.nbytes for array in self.arrays)

    def called(self, attribute: str) -> str:
        """The name of the computation under an attribute such as `body`."""
        found = re.search(rf"\b{attribute}=%?([\w.-]+)", self.rest)
        assert found is not None, (self.name, attribute)
        return found[1]

    @property
    def branches(self) -> tuple[str, ...]:
        """The computations that a `conditional` chooses from."""
        listed = re.search(r"branch_computations=\{([^}]*)\}", self.rest)
        named = re.findall(r"(?:true|false)_computation=%?([\w.-]+)", self.rest)
        return tuple(re.findall(r"%?([\w.-]+)", listed[1])) if listed else tuple(named)


@dataclasses.dataclass(frozen=True)
class Program:
    """The computations of a compiled program by name, and which of them it begins with."""

    computations: Mapping[str, tuple[Instruction, ...]]
    entry: str

    @functools.cached_property
    def instructions(self) -> dict[str, Instruction]:
        """All instructions by name, which is unique in a program."""
        return {each.name: each for lines in self.computations.values() for each in lines}

    def trips(self, loop: Instruction) -> int:
        """How often a `while` goes round: the bound that its condition compares the counter with, which begins at 0."""
        condition = self.computations[loop.called("condition")]
        bounds = [
            int(found[1])
            for instruction in condition
            if instruction.opcode == "constant" and (found := re.match(r"\((\d+)\)", instruction.rest))
        ]
        assert len(bounds) == 1, (loop.name, bounds)
        return bounds[0]

    def holds(self, fusion: Instruction, opcodes: tuple[str, ...]) -> bool:
        """Whether a fusion computes one of `opcodes`, itself or in a fusion inside it."""
        if fusion.opcode in opcodes:
            return True
        if fusion.opcode != "fusion":
            return False
        return any(self.holds(inner, opcodes) for inner in self.computations[fusion.called("calls")])


def parse(text: str) -> Program:
    """The program of `jax.stages.Compiled.as_text()`."""
    computations: dict[str, list[Instruction]] = {}
    entry, current = "", None
    for line in text.splitlines():
        if (head := _COMPUTATION.match(line)) is not None:
            current = computations.setdefault(head["name"], [])
            entry = head["name"] if head["entry"] else entry
        elif current is not None and (found := _INSTRUCTION.match(line)) is not None:
            current.append(_instruction(found["name"], found["rest"]))
    return Program({name: tuple(lines) for name, lines in computations.items()}, entry)


def _instruction(name: str, text: str) -> Instruction:
    kind, text = _cut_type(text)
    opcode, _, text = text.partition("(")
    inside, rest = _cut_parentheses("(" + text)
    operands = tuple(re.findall(r"%([\w.-]+)", inside))
    # A constant's value stands where other instructions have their operands.
    rest = inside + rest if opcode == "constant" else rest
    return Instruction(name, opcode, arrays(kind), operands, rest)


def arrays(kind: str) -> tuple[Array, ...]:
    """The arrays of a type, of an array or a tuple, in order."""
    return tuple(
        Array(dtype, tuple(int(size) for size in shape.split(",") if size), in_hbm=not space)
        for dtype, shape, space in _ARRAY.findall(kind)
    )


def _cut_type(text: str) -> tuple[str, str]:
    if text.startswith("("):
        kind, rest = _cut_parentheses(text)
        return kind, rest.lstrip()
    kind, _, rest = text.partition(" ")
    return kind, rest


def _cut_parentheses(text: str) -> tuple[str, str]:
    """The part up to the parenthesis that closes the first, and what stands behind it."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[: place + 1], text[place + 1 :]
    raise AssertionError(text[:80])
