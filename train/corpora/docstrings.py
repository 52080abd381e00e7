"""Functions explained by their docstrings, each as a document of explanation and source."""

import ast
import inspect
import textwrap
import warnings
from collections.abc import Iterator

from train.corpora.admit import pick
from train.corpora.document import Document

_MIN_DOCSTRING_CHARACTERS = 80
_MIN_LINES, _MAX_LINES = 5, 60
# A notebook, a question on a forum, and a reference page: the same pair reads differently in each.
_LAYOUTS = (
    "In [1]: help({name})\n\n{doc}\n\nIn [2]: print(inspect.getsource({name}))\n\n{code}\n",
    "Q: What does `{name}` do, and how is it written?\n\nA: {doc}\n\n```python\n{code}\n```\n",
    "# {name}\n\n{doc}\n\nIts source:\n\n```python\n{code}\n```\n",
    "# %% [markdown]\n{comment}\n\n# %%\n{code}\n",
)


def docstring_pairs(module: Document, name: str) -> Iterator[Document]:
    """A document for each function of the Python module `name` that is explained at some length."""
    with warnings.catch_warnings():
        # Newer interpreters warn about escapes that the 3.11 sources still have.
        warnings.simplefilter("ignore")
        tree = ast.parse(module.text)
    for path, node in _functions(tree, name):
        docstring = ast.get_docstring(node)
        if docstring and len(docstring) >= _MIN_DOCSTRING_CHARACTERS:
            code = _without_docstring(module.text, node)
            if _MIN_LINES <= len(code.splitlines()) <= _MAX_LINES:
                yield Document(
                    text=_render(path, inspect.cleandoc(docstring), code),
                    source="adjacent",
                    origin=f"{module.origin}#{path}",
                    licence=module.licence,
                    group=f"python-module:{name}",
                )


def _functions(tree: ast.AST, path: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{path}.{node.name}")
        elif isinstance(node, ast.FunctionDef):
            yield f"{path}.{node.name}", node


def _without_docstring(text: str, node: ast.FunctionDef) -> str:
    lines = text.splitlines()
    docstring = node.body[0]
    kept = lines[node.lineno - 1 : docstring.lineno - 1] + lines[docstring.end_lineno : node.end_lineno]
    return textwrap.dedent("\n".join(kept)).strip("\n")


def _render(name: str, doc: str, code: str) -> str:
    comment = textwrap.indent(f"## {name}\n{doc}", "# ", lambda line: True)
    comment = "\n".join(line.rstrip() for line in comment.splitlines())
    return pick("layout", name, _LAYOUTS).format(name=name, doc=doc, code=code, comment=comment)
