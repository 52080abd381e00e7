"""Imports flow one way, and what a person waits for at the prompt loads nothing heavy."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "mixsched": set(),
    "model": set(),
    "eval": {"mixsched", "model"},
    "train": {"mixsched", "model", "eval"},
    "experiments": {"mixsched", "eval", "train"},
    "figures": {"mixsched", "eval", "experiments"},
}
HEAVY = ("jax", "grain", "orbax", "matplotlib")


def modules(package: str) -> dict[str, Path]:
    """Every module of a package under its dotted name, `__init__` under the package's."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


ALL = {name: path for package in MAY_IMPORT for name, path in modules(package).items()}


def imported(node: ast.AST, module: str) -> Iterator[str]:
    """The dotted names that a node imports; `from a import b` is a.b where that is a module of ours, else a."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module} imports relatively; write the whole name"
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            yield inner if inner in ALL else str(node.module)


def imports(module: str) -> set[str]:
    """All imports of a module, those within functions too."""
    tree = ast.parse(ALL[module].read_text())
    return {name for node in ast.walk(tree) for name in imported(node, module)}


def imports_on_loading(module: str) -> set[str]:
    """The imports of a module that stand outside its functions and are not for type checkers alone."""
    open_nodes: list[ast.AST] = [ast.parse(ALL[module].read_text())]
    found: set[str] = set()
    while open_nodes:
        node = open_nodes.pop()
        found.update(imported(node, module))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            open_nodes += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            open_nodes += ast.iter_child_nodes(node)
    return found


def top(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_between_packages_flow_one_way(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    assert modules(package), f"{package} is empty; has it moved?"
    wrong = {
        f"{module} imports {name}"
        for module in modules(package)
        for name in imports(module)
        if top(name) in MAY_IMPORT and top(name) not in allowed
    }
    assert not wrong


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    """Function-level imports count too: they hide a circle, they do not undo it."""
    ours = modules(package)
    graph = {module: {name for name in imports(module) if name in ours} - {module} for module in ours}
    graphlib.TopologicalSorter(graph).prepare()


def test_figures_know_of_experiments_which_stand_where_and_nothing_more() -> None:
    known = {name for module in modules("figures") for name in imports(module) if top(name) == "experiments"}
    assert known <= {"experiments.study"}
    assert not {top(name) for name in imports("experiments.study")} & MAY_IMPORT.keys()


def test_mixsched_needs_numpy_alone() -> None:
    """Adapters have their own files, others load what is optional only where it is used; the benchmark is no part."""
    may = {*sys.stdlib_module_names, "mixsched", "numpy"}
    adapters = {"mixsched.grain": {"grain"}, "mixsched.torch": {"torch"}, "mixsched.optax": {"jax"}}
    optional = {**adapters, "mixsched.shards": {"array_record"}, "mixsched.plot": {"matplotlib"}}
    for module in sorted(modules("mixsched").keys() - modules("mixsched/bench").keys()):
        assert not any(name.startswith("mixsched.bench") for name in imports(module)), module
        assert {top(name) for name in imports(module)} - may <= optional.get(module, set()), module
        if module not in adapters:
            assert {top(name) for name in imports_on_loading(module)} <= may, module


def loaded(module: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after importing `module`."""
    script = f"import {module}, sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_mixsched_loads_without_jax_grain_and_array_record() -> None:
    found = loaded("mixsched")
    assert "mixsched" in found
    assert not found & {*HEAVY, "array_record"}


@pytest.mark.parametrize(
    "main",
    [
        "train.__main__",
        "train.ahead.__main__",
        "train.bench.__main__",
        "train.rows",
        "train.verify",
        "train.bench.feed",
        "train.bench.pytorch",
        "train.prepare.__main__",
        "eval.__main__",
        "experiments.__main__",
        "figures.__main__",
        "mixsched.bench.__main__",
    ],
)
def test_help_is_quick_since_nothing_heavy_is_loaded_for_it(main: str) -> None:
    assert not loaded(main) & set(HEAVY)
