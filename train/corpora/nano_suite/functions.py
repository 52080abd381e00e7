"""nano_functions: functions of one line, drawn from the generator, of structures that are held out from every corpus.

Whether a structure is held out is decided by its hash, as for the documents of `synthetic` and `instruct`: programs
that are drawn for a corpus with another seed, and the held-out share of a recipe or more, hold none of them either.
"""

import random
from collections import Counter
from collections.abc import Iterator

from train.corpora.document import Document
from train.corpora.nano_suite.corpus import Corpus
from train.corpora.nano_suite.draws import Fields
from train.corpora.synthetic.families import linear
from train.corpora.synthetic.levels import judged
from train.corpora.synthetic.pipelines import pipeline_task
from train.corpora.synthetic.programs import LICENCE, Program, documented, program_of
from train.prepare.split import is_heldout

DRAWS = 125_000
_SEED = 20_260_101
_MOST_OF_STRUCTURE = 12
_MOST_TESTS = 3
_DOCSTRING_LETTERS = 88
_RETURN = "    return "


def functions(corpus: Corpus, *, draws: int = DRAWS) -> list[Fields]:
    """The functions among the first `draws` programs, short ones first; fewer draws give a part of what more give.

    Raises UsageError where no sandbox can be made to try them in.
    """
    train_groups = {document.group for document in corpus.train}
    drawn = [program for program in _drawn(draws) if program.group not in train_groups]
    good = [program for program, fault in judged(drawn) if not fault]
    return [_item(program) for program in sorted(good, key=lambda each: (len(each.code), each.index))]


def _drawn(draws: int) -> Iterator[Program]:
    """Held-out functions of one line, of which no two ask for the same, and few have the same structure."""
    of_structure: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for index in range(draws):
        program = _draw(index)
        if program is None or (program.summary, program.code) in seen or not _is_heldout(program):
            continue
        seen.add((program.summary, program.code))
        of_structure[program.structure] += 1
        if of_structure[program.structure] <= _MOST_OF_STRUCTURE:
            yield program


def _draw(index: int) -> Program | None:
    """Program `index`; None if it isn't one line, or its docstring isn't."""
    rng = random.Random(f"nano/functions/{_SEED}/{index}")
    task = rng.choice((pipeline_task, pipeline_task, pipeline_task, linear))(rng)
    is_one_line = len(task.body) == 1 and task.body[0].startswith(_RETURN.lstrip())
    if not is_one_line or task.imports or len(task.summary) > _DOCSTRING_LETTERS:
        return None
    return program_of(task, index)


def _is_heldout(program: Program) -> bool:
    return is_heldout(Document(program.code, "synthetic", f"generated:{program.index}", LICENCE, program.group))


def _item(program: Program) -> Fields:
    prompt, line = documented(program, with_example=False).split(_RETURN)
    return {
        "id": f"{program.name}-{program.index}",
        "cluster": program.group,
        "name": program.name,
        "prompt": prompt,
        "solution": f"{_RETURN}{line}",
        "tests": list(program.asserts[:_MOST_TESTS]),
    }
