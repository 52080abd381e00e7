"""Generates small Python functions with asserts, runs them, and keeps those that pass.

This is the draw that the bundled corpus was made from, and stays as it is; `levels` draws by difficulty.
Document `index` is a function of (seed, index) only. Programs that are equal once their names and constants are
removed share a structure, of which few are kept, and one `group`.
"""

import dataclasses
import hashlib
import keyword
import random
import re
import textwrap
from collections import Counter
from collections.abc import Iterator

from train.corpora.admit import Bucket, keyed_hash, shuffled
from train.corpora.document import Document
from train.corpora.synthetic.check import passing, wrong_variant
from train.corpora.synthetic.classics import classic_task
from train.corpora.synthetic.families import FAMILIES
from train.corpora.synthetic.literal import literal
from train.corpora.synthetic.pipelines import Task, pipeline_task

LICENCE = "Apache-2.0"
_PIPELINE_WEIGHT, _CLASSIC_WEIGHT = 24, 6
_MAX_SAME_STRUCTURE = 3
_WRONG_SHARE = 4
_BUILTINS = {
    "abs", "all", "any", "enumerate", "int", "len", "list", "max", "min", "range", "reversed",
    "set", "sorted", "str", "sum", "zip",
}  # fmt: skip
_COMPARISON = r" == | is "
_WORD = re.compile(r""""[^"\n]*"|'[^'\n]*'|[A-Za-z_]\w*|\d+|\S""")


@dataclasses.dataclass(frozen=True)
class Program:
    """A generated function that passed: the parts that documents and questions are made from."""

    index: int
    name: str
    summary: str
    imports: str
    code: str
    asserts: tuple[str, ...]
    structure: str

    @property
    def group(self) -> str:
        """Shared by programs that differ in names and constants only."""
        return f"function:{self.structure}"

    @property
    def example_call(self) -> str:
        """The call that the first assert makes."""
        return re.split(_COMPARISON, self.asserts[0], maxsplit=1)[0].removeprefix("assert ")

    @property
    def example_result(self) -> str:
        """What the call gives, as Python writes it."""
        return _result(self.asserts[0])

    @property
    def is_question(self) -> bool:
        """Whether the program goes to `instruct`; by structure, so that none is in both."""
        return keyed_hash("question", self.structure) % 4 == 0


@dataclasses.dataclass(frozen=True)
class Generated:
    """Programs that passed, and what was dropped and why."""

    programs: tuple[Program, ...]
    dropped: Counter[str]


def generate_programs(*, count: int, seed: int) -> Generated:
    """Draws `count` programs, runs them and their wrong variants, and keeps the good ones."""
    dropped: Counter[str] = Counter()
    drawn = list(_with_few_alike((draw_program(index, seed=seed) for index in range(count)), dropped))
    verdicts = passing([as_program(program) for program in drawn])
    tried = drawn[::_WRONG_SHARE]
    wrong = [dataclasses.replace(each, code=wrong_variant(each.code)) for each in tried]
    survivors = {
        program.index
        for program, survived in zip(tried, passing([as_program(w) for w in wrong]), strict=True)
        if survived
    }
    dropped["wrong variant, rejected by its tests"] += len(wrong) - len(survivors)
    kept = []
    for program, passed in zip(drawn, verdicts, strict=True):
        if not passed:
            dropped["test failed"] += 1
        elif program.index in survivors:
            # Asserts that can't tell right from wrong teach nothing.
            dropped["tests accept a wrong variant"] += 1
        else:
            kept.append(program)
    return Generated(tuple(kept), dropped)


def draw_program(index: int, *, seed: int) -> Program:
    """The program at `index`, not yet run."""
    rng = random.Random(f"synthetic/{seed}/{index}")
    kinds = [pipeline_task, classic_task, *(family for family, _ in FAMILIES)]
    weights = [_PIPELINE_WEIGHT, _CLASSIC_WEIGHT, *(weight for _, weight in FAMILIES)]
    return program_of(rng.choices(kinds, weights)[0](rng), index)


def program_of(task: Task, index: int) -> Program:
    """The task written down: its function with the asserts that its reference gives."""
    code = f"{task.before}\n\n\n" if task.before else ""
    code += f"def {task.name}({', '.join(task.parameters)}):\n"
    code += textwrap.indent("\n".join(task.body), "    ")
    return Program(
        index=index,
        name=task.name,
        summary=task.summary,
        imports="".join(f"import {name}\n" for name in task.imports),
        code=code + "\n",
        asserts=tuple(dict.fromkeys(_assert(task, arguments) for arguments in task.arguments)),
        structure=structure_of(code),
    )


def _assert(task: Task, arguments: tuple) -> str:
    call = f"{task.name}({', '.join(map(literal, arguments))})"
    expected = task.reference(*arguments)
    if expected is None or isinstance(expected, bool):
        return f"assert {call} is {expected}"
    return f"assert {call} == {literal(expected)}"


def structure_of(code: str) -> str:
    """A hash of the code without its names, constants and white space, so that none of them hides a likeness.

    What it can't see: that two orders of statements, or a loop and a comprehension, do the same.
    """
    kinds = []
    for word in _WORD.findall(code):
        if word[0] in "\"'" or word.isdigit():
            kinds.append("0")
        elif word.isidentifier() and not keyword.iskeyword(word) and word not in _BUILTINS:
            kinds.append("n")
        else:
            kinds.append(word)
    return hashlib.blake2b(" ".join(kinds).encode(), digest_size=6).hexdigest()


def _with_few_alike(programs: Iterator[Program], dropped: Counter[str]) -> Iterator[Program]:
    seen: Counter[str] = Counter()
    for program in programs:
        seen[program.structure] += 1
        if seen[program.structure] > _MAX_SAME_STRUCTURE:
            dropped["same structure"] += 1
        elif one_result(program):
            dropped["one result for all arguments"] += 1
        else:
            yield program


def one_result(program: Program) -> bool:
    """Whether all asserts of the program expect the same, so that a constant would pass."""
    return len({_result(line) for line in program.asserts}) == 1


def _result(line: str) -> str:
    return re.split(_COMPARISON, line, maxsplit=1)[1]


def as_program(program: Program) -> str:
    """The program as a file: imports, the function with its docstring, the tests.

    The layout of docstring and tests is drawn by the program's index.
    """
    layout = keyed_hash("layout", str(program.index))
    head = f"{program.imports}\n\n" if program.imports else ""
    tests = _TEST_LAYOUTS[layout % len(_TEST_LAYOUTS)](program)
    return f"{head}{documented(program, with_example=layout % 3 == 0)}\n\n{tests}\n"


def documented(program: Program, *, with_example: bool) -> str:
    """The function with its docstring, which may show the first assert as an example."""
    before, signature, body = _parts(program)
    lines = textwrap.wrap(program.summary, 88) or [program.summary]
    if with_example:
        lines += ["", f">>> {program.example_call}", program.example_result, ""]
    elif len(lines) > 1:
        lines.append("")
    docstring = textwrap.indent('"""' + "\n".join(lines), "    ") + ("" if lines[-1] else "    ")
    return f'{before}{signature}\n{docstring}"""\n{body}'


def _parts(program: Program) -> tuple[str, str, str]:
    """What stands before the function, its signature, and its body."""
    start = program.code.index(f"def {program.name}(")
    signature, body = program.code[start:].split("\n", 1)
    return program.code[:start], signature, body


def _plain(program: Program) -> str:
    return "\n".join(program.asserts)


def _in_function(program: Program) -> str:
    name = f"test_{program.name}"
    return f"def {name}():\n{textwrap.indent(_plain(program), '    ')}\n\n\n{name}()"


def _under_main(program: Program) -> str:
    return f'if __name__ == "__main__":\n{textwrap.indent(_plain(program), "    ")}'


def _with_message(program: Program) -> str:
    return "\n".join(f'{line}, "{program.name} failed"' for line in program.asserts)


_TEST_LAYOUTS = (_plain, _in_function, _under_main, _with_message, _plain)


def synthetic_bucket(programs: tuple[Program, ...]) -> Bucket:
    """The programs that aren't questions, one document each."""
    documents = [
        Document(
            text=as_program(program),
            source="synthetic",
            origin=f"generated:synthetic#{program.index}",
            licence=LICENCE,
            group=program.group,
        )
        for program in programs
        if not program.is_question
    ]
    return Bucket("functions", 620_000, shuffled(documents))
