"""Generated programs are what their seed says, pass in the sandbox, and have a level and a structure of their own."""

import ast
import builtins
import dataclasses
import io
import keyword
import os
import subprocess
import sys
import tokenize
from collections import Counter
from pathlib import Path

from launch import need_sandbox

from train.corpora import build
from train.corpora.document import Document, read_documents
from train.corpora.synthetic.check import passing, wrong_variant
from train.corpora.synthetic.levels import LEVELS, draw_levelled, index_of, judged, level_of
from train.corpora.synthetic.programs import as_program, draw_program, generate_programs, structure_of, synthetic_bucket
from train.prepare.split import is_heldout

BUNDLED = Path(build.__file__).parent / "bundled"
need_sandbox(of_module=True)


def test_bundled_programs_pass_their_own_tests():
    programs = [document.text for document in tuple(read_documents(BUNDLED / "synthetic.jsonl.xz"))[::20]]
    assert len(programs) > 40
    assert all("assert " in program for program in programs)
    assert all(passing(programs))


def test_the_bundled_programs_are_still_the_ones_that_the_generator_gives():
    bundled = {document.origin: document for document in read_documents(BUNDLED / "synthetic.jsonl.xz")}
    # The first 400 of the draws that the corpus was built from.
    programs = generate_programs(count=400, seed=20_240_820).programs
    again = [document for document in synthetic_bucket(programs).documents if document.origin in bundled]
    assert len(again) > 100
    assert all(bundled[document.origin] == document for document in again)


def test_generator_is_a_function_of_its_seed():
    first, again = (generate_programs(count=40, seed=3) for _ in range(2))
    assert first == again
    assert first.programs != generate_programs(count=40, seed=4).programs
    # A longer run starts with the same programs.
    longer = generate_programs(count=50, seed=3).programs
    assert tuple(program for program in longer if program.index < 40) == first.programs


def test_checker_rejects_wrong_errant_and_endless_programs():
    program = "def twice(x):\n    return x * 2\n\nassert twice(4) == 8\n"
    wrong = wrong_variant("def twice(x):\n    return x * 2\n") + "\nassert twice(4) == 8\n"
    endless = "while True:\n    pass\n"
    exits = "import os\nos._exit(0)\n"
    assert passing([program, wrong, "1 / 0", "def f(:", endless, program]) == [
        True, False, False, False, False, True,
    ]  # fmt: skip
    assert passing([program, exits, program]) == [True, False, True]


def test_a_printing_program_disturbs_no_verdict():
    assert passing(["print('[true]')\n", "import sys\nprint('x', file=sys.stderr)\nassert False\n"]) == [True, False]


def test_checked_programs_reach_neither_files_nor_network():
    reads = f"open({str(Path(__file__))!r})\n"
    calls = "import socket\nsocket.create_connection(('127.0.0.1', 22), timeout=1)\n"
    assert passing([reads, calls, "pass\n"]) == [False, False, True]


def test_a_wrong_variant_of_generated_code_fails_its_tests():
    generated = generate_programs(count=60, seed=5)
    assert generated.dropped["wrong variant, rejected by its tests"] > 5
    wrong = [
        as_program(dataclasses.replace(program, code=wrong_variant(program.code))) for program in generated.programs
    ]
    verdicts = passing(wrong)
    assert sum(verdicts) < 0.2 * len(verdicts)


def test_a_levelled_program_is_a_function_of_seed_and_index():
    assert [draw_levelled(index, seed=1) for index in (7, 0)] == [draw_levelled(index, seed=1) for index in (7, 0)]
    assert draw_levelled(3, seed=1) != draw_levelled(3, seed=2)
    # Seed 0 and 1 give no program twice.
    codes = Counter(draw_levelled(index, seed=seed).code for seed in (0, 1) for index in range(2, 40, 4))
    assert max(codes.values()) == 1


def test_levels_are_told_from_the_structure_alone():
    for index in range(24):
        program = draw_levelled(index, seed=5)
        assert level_of(program.code) == index % 4 + 1
        assert level_of(changed(program.code)) == index % 4 + 1
    assert level_of("def f(x):\n    return x + 1\n") == 1
    loops = "def f(n):\n    t = 0\n    for a in n:\n        for b in a:\n            if b:\n                t += 1\n"
    loops += "    return t\n"
    assert 1 < level_of(loops) < level_of(loops + loops.replace("def f", "def g")) == 4


def test_draws_of_some_levels_are_those_of_all_levels():
    every = [index_of(draw, LEVELS) for draw in range(16)]
    assert every == list(range(16))
    assert [index_of(draw, (2, 4)) for draw in range(8)] == [index for index in every if index % 4 in (1, 3)]
    assert [index_of(draw, (3,)) for draw in range(4)] == [2, 6, 10, 14]


def test_verdicts_do_not_depend_on_the_company():
    programs = [draw_levelled(index, seed=6) for index in range(40)]
    together = dict(judged(programs))
    apart = dict(pair for start in range(0, 40, 13) for pair in judged(programs[start : start + 13]))
    assert together == apart
    assert sum(reason == "" for reason in together.values()) > 24


def test_each_reason_to_drop_a_program_is_found():
    good = draw_levelled(0, seed=1)
    head = "def f(x):\n    return "
    blind = dataclasses.replace(good, name="f", code=f"{head}x + 0 * x\n")
    cases = [
        dataclasses.replace(blind, code=f"{head}x + 1\n", asserts=("assert f(1) == 2", "assert f(2) == 3")),
        dataclasses.replace(blind, asserts=("assert f(1) == 1", "assert f(2) == 3")),
        dataclasses.replace(blind, asserts=("assert f(1) == 1", "assert f(1 + 0) == 1")),
        dataclasses.replace(blind, code=f"{head}x[::-1]\n", asserts=("assert f('a') == 'a'", "assert f('') == ''")),
    ]  # fmt: skip
    assert [reason for _, reason in judged(cases)] == [
        "", "test failed", "one result for all arguments", "tests accept a wrong variant",
    ]  # fmt: skip


def test_code_asserts_and_docstring_parse_and_the_helper_comes_first():
    for index in range(80):
        program = draw_levelled(index, seed=8)
        tree = ast.parse(as_program(program))
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        text = ast.get_docstring(functions[program.name])
        assert text is not None
        assert text.split()[:3] == program.summary.split()[:3]
        assert 1 <= len(program.asserts) <= 4
        assert "\n\n\n\n" not in as_program(program)


def test_variety_is_large_at_every_level():
    for level in LEVELS:
        structures = {draw_levelled(index, seed=9).structure for index in range(level - 1, 400, 4)}
        assert len(structures) > 60, level


def changed(code: str) -> str:
    """The code with other names and constants: every name, number and string that may be another is one."""
    kept = {"abs", "all", "any", "enumerate", "int", "len", "list", "max", "min", "range", "reversed", "set", "sorted",
            "str", "sum", "zip"}  # fmt: skip
    names: dict[str, str] = {}
    tokens = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        text = token.string
        if (
            token.type == tokenize.NAME
            and not keyword.iskeyword(text)
            and text not in kept
            and not hasattr(builtins, text)
        ):
            text = names.setdefault(text, f"other_{len(names)}")
        elif token.type == tokenize.NUMBER:
            text = str(int(text) + 977)
        elif token.type == tokenize.STRING:
            text = "'something else'"
        tokens.append((token.type, text))
    return tokenize.untokenize(tokens)


def test_no_heldout_structure_is_trained_on_whatever_its_names_and_constants():
    programs = [draw_levelled(index, seed=10) for index in range(500)]
    programs += [draw_program(index, seed=20_240_820) for index in range(500)]
    parts: dict[bool, set[str]] = {True: set(), False: set()}
    for program in programs:
        document = Document(
            text=as_program(program),
            source="s",
            origin="o",
            licence="l",
            group=f"function:{structure_of(program.code)}",
        )
        assert document.group == program.group
        parts[is_heldout(document)].add(structure_of(changed(program.code)))
    assert len(parts[True]) > 8
    assert not parts[True] & parts[False]


def test_programs_do_not_depend_on_how_a_process_orders_sets():
    script = "from train.corpora.synthetic.levels import draw_levelled as d; print([d(n, seed=3) for n in range(400)])"
    drawn = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(drawn) == 1
