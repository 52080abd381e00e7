"""The first stage: reads a part of an input, filters it, and writes its documents beside what decides about them."""

import collections
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from train.corpora.document import Document
from train.prepare.filters.benchmarks import Benchmarks, Decontaminate
from train.prepare.filters.limits import Filters
from train.prepare.filters.near import band_keys, bands_for
from train.prepare.hashing import hash64
from train.prepare.readers.files import find_files, version_of
from train.prepare.readers.reader import Dropped, Part
from train.prepare.recipe import Input, Recipe
from train.prepare.stages.documents import document_writer
from train.prepare.stages.dropped import BROKEN, Drops
from train.prepare.stages.work import Task

# Text that a group of rows in the file of documents holds: what a later task reads at once.
GROUP_BYTES = 4_000_000
KEYS_FILE, BANDS_FILE = "keys.bin", "bands.bin"
# One for each document of a part, in the order of the documents.
KEYS = np.dtype([("text", "u8"), ("group", "u8"), ("order", "u8"), ("bytes", "u4"), ("language", "u4")])


class CleanSpec(msgspec.Struct, frozen=True):
    """A part of an input, and how its documents are judged one by one."""

    source: str
    input: Input
    data: Path
    part: Part
    filters: Filters
    bands: tuple[int, int] | None
    """Bands and rows of the MinHash signature, where near duplicates are looked for."""
    decontaminate: Decontaminate | None
    items: str
    """Changes when the evaluation items do."""


class Cleaned(msgspec.Struct):
    """What a part gave: documents and their UTF-8 bytes by group of rows, languages by number, and what was dropped."""

    group_documents: list[int]
    group_bytes: list[int]
    languages: list[str]
    broken: int
    dropped: Drops

    @property
    def documents(self) -> int:
        """Documents that were kept so far."""
        return sum(self.group_documents)


def clean_tasks(recipe: Recipe, data: Path, parts: dict[str, list[list[Part]]]) -> list[Task]:
    """A task for each part of each input, in the order of the recipe, which is the order of precedence."""
    wanted = recipe.decontaminate
    items = version_of(find_files(data, wanted.files)) if wanted else ""
    specs = [
        CleanSpec(
            source=name,
            input=each,
            data=data,
            part=part,
            filters=source.filters,
            bands=bands_for(source.near_duplicates) if source.near_duplicates else None,
            decontaminate=wanted,
            items=items,
        )
        for name, source in recipe.sources.items()
        for each, of_input in zip(source.inputs, parts[name], strict=True)
        for part in of_input
    ]
    return _named_by_content(specs)


def _named_by_content(specs: Sequence[CleanSpec]) -> list[Task]:
    """Tasks whose names stay when inputs are added before them, so that what they did stays too."""
    tasks, seen = [], collections.Counter[str]()
    for spec in specs:
        task = Task("", clean, spec, size=spec.part.bytes)
        seen[task.asked] += 1
        tasks.append(msgspec.structs.replace(task, name=f"clean-{task.asked[:16]}-{seen[task.asked]}"))
    return tasks


def clean(folder: Path, spec: CleanSpec) -> Cleaned:
    """Write the documents that pass the filters, and the keys by which duplicates, shares and places are decided."""
    benchmarks = _benchmarks(spec.decontaminate, spec.data, spec.items) if spec.decontaminate else None
    cleaned = Cleaned([], [], [], 0, Drops())
    numbers: dict[str, int] = {}
    with (
        document_writer(folder) as write,
        (folder / KEYS_FILE).open("wb") as keys_stream,
        (folder / BANDS_FILE).open("wb") as bands_stream,
    ):
        for group in _groups(_judged(spec, benchmarks, cleaned)):
            write(group)
            keys = np.array([_key(document, numbers) for document in group], KEYS)
            keys_stream.write(keys.tobytes())
            if spec.bands:
                count, rows = spec.bands
                bands_stream.writelines(band_keys(each.text, bands=count, rows=rows).tobytes() for each in group)
            cleaned.group_documents.append(len(group))
            cleaned.group_bytes.append(int(keys["bytes"].sum(dtype=np.int64)))
    cleaned.languages += numbers
    return cleaned


@functools.lru_cache(maxsize=1)
def _benchmarks(decontaminate: Decontaminate, data: Path, items: str) -> Benchmarks:
    """Read once by each process, and again when the items have changed."""
    return decontaminate.read(data)


def _judged(spec: CleanSpec, benchmarks: Benchmarks | None, cleaned: Cleaned) -> Iterator[Document]:
    for found in spec.input.read(spec.data, spec.part, source=spec.source):
        if isinstance(found, Dropped):
            cleaned.broken += found.broken
            cleaned.dropped.add(f"{BROKEN}{found.reason}" if found.broken else found.reason, found.origin)
            continue
        reason = spec.filters.reason(found)
        if reason is None and benchmarks is not None and benchmarks.contaminated(found.text):
            reason = "overlaps a benchmark"
        if reason is None:
            yield found
        else:
            cleaned.dropped.add(reason, found.origin, found.text)


def _groups(documents: Iterator[Document]) -> Iterator[list[Document]]:
    held, held_characters = [], 0
    for document in documents:
        held.append(document)
        held_characters += len(document.text)
        if held_characters >= GROUP_BYTES:
            yield held
            held, held_characters = [], 0
    if held:
        yield held


def _key(document: Document, numbers: dict[str, int]) -> tuple[int, int, int, int, int]:
    """A document's KEYS; a language that is new gets the next number."""
    text = document.text.encode()
    return (
        hash64("text", text),
        hash64("held out", document.group.encode()),
        hash64("order", text),
        len(text),
        numbers.setdefault(document.language, len(numbers)),
    )
