"""A solved plan as one file, opened in no time: its declaration on the first line, then a bit a source and step.

The first line is JSON (`head -1` shows it), the rest is mapped into memory and each part of it is checked against its
sum when it is first read. Declarations alone, as `Plan.to_json` and `to_toml` write them, are read by the same door.
"""

import json
import mmap
import zlib
from pathlib import Path

from mixsched.atomic import write_atomically
from mixsched.edf import CHUNK_STEPS
from mixsched.errors import UsageError
from mixsched.quota import Quota
from mixsched.toml import from_toml
from mixsched.typed import read_json

STORED_FORMAT = 1
_BEGIN = b'{"mixsched_plan": '


def write_solved(path: Path, declared: dict, quota: Quota) -> None:
    """Write a plan with all its steps solved, whole or not at all.

    Raises UsageError where something else than a saved plan would be overwritten.
    """
    if path.exists() and not _is_saved(path):
        raise UsageError(f"'{path}' is there and is no saved plan, so it is not overwritten; choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    quota.solve()
    told, chunks = [], []
    for era in quota.eras:
        told.append({"debts": era.debts, "sums": [zlib.crc32(chunk) for chunk in era.chunks]})
        chunks += era.chunks
    eras = json.dumps(told)
    head = {"mixsched_plan": STORED_FORMAT, "chunk_steps": CHUNK_STEPS, "plan": declared, "eras": told}
    head["sum"] = zlib.crc32(eras.encode())
    write_atomically(path, [json.dumps(head).encode(), b"\n", *chunks])


def _is_saved(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(_BEGIN)) == _BEGIN


def read_declared(path: Path) -> tuple[object, list[dict], memoryview]:
    """What a plan file declares, and its solved eras with the bits behind them: none in a declaration alone.

    Raises UsageError, naming the file, if it is missing, neither JSON nor TOML, cut short, or of another format.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(len(_BEGIN)) == _BEGIN:
                return _read_solved(path, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise UsageError(f"there is no file '{path}'; name a plan in JSON or TOML, or a saved one") from None
    except IsADirectoryError:
        raise UsageError(f"'{path}' is a folder; name a plan in JSON or TOML, or a saved one") from None
    except UnicodeDecodeError:
        raise UsageError(f"'{path}' is no text, so it is no plan; name one in JSON or TOML, or a saved one") from None
    if path.suffix == ".toml":
        return from_toml(text, what=f"'{path}'"), [], memoryview(b"")
    try:
        return read_json(text), [], memoryview(b"")
    except ValueError as error:
        raise UsageError(f"'{path}' is not JSON: {error}; mend it there") from error


def _read_solved(path: Path, content: mmap.mmap) -> tuple[object, list[dict], memoryview]:
    end = content.find(b"\n")
    try:
        head = read_json(content[:end])
        formats, declared, eras = (head["mixsched_plan"], head["chunk_steps"]), head["plan"], head["eras"]
        sound = head["sum"] == zlib.crc32(json.dumps(eras).encode())
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"the first line of '{path}' is damaged ({error}); save the plan again") from error
    if formats != (STORED_FORMAT, CHUNK_STEPS):
        raise UsageError(
            f"'{path}' is stored in format {formats[0]} with {formats[1]} steps a part, this version of mixsched reads "
            f"{STORED_FORMAT} with {CHUNK_STEPS}; save the plan again from its declaration, which is its first line"
        )
    if not sound:
        raise UsageError(f"the first line of '{path}' is damaged; save the plan again")
    return declared, eras, memoryview(content)[end + 1 :]


def fill(path: Path, quota: Quota, eras: list[dict], bits: memoryview) -> None:
    """Give a quota what was solved of it; raises UsageError if it does not fit."""
    if len(eras) != len(quota.eras):
        raise UsageError(f"'{path}' holds the steps of another plan; save the plan again")
    begin = 0
    for era, told in zip(quota.eras, eras, strict=True):
        width = -(-len(era.shares.sources) // 8)
        left = era.shares.total_steps - era.shares.first_step
        chunks: list[bytes | memoryview] = []
        for _ in told["sums"]:
            end = begin + width * min(left, CHUNK_STEPS)
            chunks.append(bits[begin:end])
            begin, left = end, left - CHUNK_STEPS
        # JSON's keys are strings.
        debts = {int(step): {int(s): samples for s, samples in each.items()} for step, each in told["debts"].items()}
        era.restore(chunks, sums=told["sums"], debts=debts, file=str(path))
    if begin != len(bits):
        raise UsageError(
            f"'{path}' has {len(bits):,} bytes of solved steps, not {begin:,}: it was cut or added to; save the plan "
            "again"
        )
