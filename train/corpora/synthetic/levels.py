"""Draws programs of a wanted difficulty: a level from 1 to 4, told from a program's structure alone.

Program `index` of a seed is a function of the two, whatever else is drawn, and its level is `index % 4 + 1`.
"""

import ast
import dataclasses
import random
from collections.abc import Callable, Iterator, Sequence

from train.corpora.synthetic.check import passing, wrong_variant
from train.corpora.synthetic.classes import class_task
from train.corpora.synthetic.classics import classic_task
from train.corpora.synthetic.dates import date_task
from train.corpora.synthetic.families import FAMILIES
from train.corpora.synthetic.grids import grid_task
from train.corpora.synthetic.helped import helped_task
from train.corpora.synthetic.machines import machine_task, walker_task
from train.corpora.synthetic.nested import nested_task
from train.corpora.synthetic.parsing import parsing_task
from train.corpora.synthetic.pipelines import Task, pipeline_task
from train.corpora.synthetic.programs import Program, as_program, one_result, program_of
from train.corpora.synthetic.records import record_task
from train.corpora.synthetic.tables import choice_task, path_task

# Changes whenever any seed and index would give another program, so that nobody mixes the two.
GENERATOR_VERSION = 2
LEVELS = (1, 2, 3, 4)
# The lowest effort of levels 2, 3 and 4.
_BOUNDS = (9, 16, 27)
_MOST_TRIES = 400
_KINDS: tuple[tuple[Callable[[random.Random], Task], int], ...] = (
    (pipeline_task, 24), (classic_task, 5), *FAMILIES, (helped_task, 20), (record_task, 14), (parsing_task, 12),
    (nested_task, 8), (grid_task, 12), (class_task, 16), (walker_task, 12), (machine_task, 8), (choice_task, 2),
    (path_task, 2), (date_task, 6),
)  # fmt: skip
_LOOPS = (ast.For, ast.While, ast.comprehension)
_BRANCHES = (ast.If, ast.IfExp, ast.BoolOp)


def level_of(code: str) -> int:
    """The level of a program's code: its statements, branches, loops, nesting, calls of itself and definitions."""
    tree = ast.parse(code)
    nodes = list(ast.walk(tree))
    defined = [node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    effort = sum(isinstance(node, ast.stmt) for node in nodes) - 1
    effort += sum(isinstance(node, _BRANCHES) for node in nodes)
    effort += 2 * sum(isinstance(node, _LOOPS) for node in nodes)
    effort += 2 * max(0, _depth(tree) - 1) + 2 * (len(defined) - 1) + 4 * _calls_itself(nodes)
    return 1 + sum(effort >= bound for bound in _BOUNDS)


def _depth(node: ast.AST) -> int:
    """How many loops and branches stand within one another."""
    below = max((_depth(child) for child in ast.iter_child_nodes(node)), default=0)
    return below + isinstance(node, (ast.For, ast.While, ast.If, ast.comprehension))


def _calls_itself(nodes: Sequence[ast.AST]) -> bool:
    return any(
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef)
        for call in ast.walk(node)
    )


def index_of(draw: int, levels: Sequence[int]) -> int:
    """The index of draw number `draw` among the programs of these levels."""
    turn, place = divmod(draw, len(levels))
    return turn * len(LEVELS) + levels[place] - 1


def draw_levelled(index: int, *, seed: int) -> Program:
    """The program at `index`, not yet run, of level `index % 4 + 1`."""
    level = index % len(LEVELS) + 1
    kinds, weights = zip(*_KINDS, strict=True)
    rng = random.Random(f"synthetic/{GENERATOR_VERSION}/{seed}/{index}")
    for _ in range(_MOST_TRIES):
        program = program_of(_with_telling_arguments(rng.choices(kinds, weights)[0](rng)), index)
        if level_of(program.code) == level:
            return program
    raise AssertionError(f"no family gives level {level}")


def _with_telling_arguments(task: Task) -> Task:
    """The task with at most four of its arguments, those first that give a result of their own."""
    seen: list[object] = []
    first, later = [], []
    for arguments in task.arguments:
        result = task.reference(*arguments)
        (later if result in seen else first).append(arguments)
        seen.append(result)
    return dataclasses.replace(task, arguments=tuple([*first, *later][: max(2, min(4, len(first)))]))


def judged(programs: Sequence[Program]) -> Iterator[tuple[Program, str]]:
    """Each program with the reason to drop it, empty if it is good; each verdict depends on its program alone.

    A good one passes its tests, has two results at least, and its tests reject a fault in its code. Raises UsageError
    where no sandbox can be made.
    """
    wrong = [dataclasses.replace(program, code=wrong_variant(program.code)) for program in programs]
    right, fooled = (passing([as_program(program) for program in each]) for each in (programs, wrong))
    for program, passed, accepted in zip(programs, right, fooled, strict=True):
        if not passed:
            yield program, "test failed"
        elif one_result(program):
            yield program, "one result for all arguments"
        else:
            # Asserts that can't tell right from wrong teach nothing.
            yield program, "tests accept a wrong variant" if accepted else ""
