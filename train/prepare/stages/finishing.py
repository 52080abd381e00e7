"""The end of a preparation: manifests from what the stages counted, and all files to where a run looks for them."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from mixsched import Manifest
from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, Shard
from train.prepare.split import PARTS
from train.prepare.stages.arrays import mapped
from train.prepare.stages.cleaning import KEYS, KEYS_FILE
from train.prepare.stages.deciding import Decided
from train.prepare.stages.dropped import Drops, merged
from train.prepare.stages.encoding import Encoded, EncodeSpec, Tally
from train.prepare.stages.packing import PackSpec
from train.prepare.stages.verdicts import Read
from train.prepare.stages.work import Made, sync
from train.prepare.tokenizer import SPACE_MARK

# What was prepared, and from what.
RECORD_FILE = "corpus.json"
_RESULT, ASSEMBLED_FILE = "result", "assembled"


def manifests_of(
    reads: Sequence[Read],
    decided: Decided,
    encoded: Sequence[tuple[EncodeSpec, Made, Encoded]],
    packed: Sequence[tuple[PackSpec, Made, Shard]],
) -> list[Manifest]:
    """The manifest of every part of every source; of a part without documents there is none."""
    manifests = []
    for source in sorted(decided.kept):
        drops = merged(
            [
                *(read.cleaned.dropped for read in reads if read.source == source),
                decided.dropped[source],
                *(each.dropped for spec, _, each in encoded if spec.read.source == source),
            ]
        )
        for part, name in enumerate(PARTS):
            shards = [(spec, shard) for spec, _, shard in packed if (spec.source, spec.part) == (source, part)]
            tally = Tally()
            for spec, _, each in encoded:
                if spec.read.source == source:
                    tally.add(each.parts[part])
            if shards:
                manifests.append(_manifest(name, tally, drops if part == 0 else Drops(), *zip(*shards, strict=True)))
    return manifests


def _manifest(part: str, tally: Tally, drops: Drops, specs: Sequence[PackSpec], shards: Sequence[Shard]) -> Manifest:
    rows, spec = sum(shard.rows for shard in shards), specs[0]
    if not rows:
        why = f"holds {SPACE_MARK!r}, as which it writes a space" if spec.tokenizer.is_exact else "is normalised by it"
        raise UsageError(
            f"the tokenizer gives back none of the {part} documents of source {spec.source!r} as they were, since each "
            f"{why}; set `keep_changed = true` under [tokenizer], or use another"
        )
    return Manifest(
        source=spec.source,
        part=part,
        rows=rows,
        context_tokens=spec.context_tokens,
        dtype=spec.tokenizer.dtype,
        tokens=tally.tokens,
        text_bytes=tally.bytes,
        documents=tally.documents,
        eos_id=spec.tokenizer.eos_id,
        tokenizer=spec.tokenizer.sha256,
        shards=tuple(shards),
        dropped=drops.counts,
        licences=tally.licences,
        origins=tally.origins,
        languages=tally.languages,
        dropped_examples=drops.examples,
    )


def documents_digest(reads: Sequence[Read], source: str) -> str:
    """A SHA-256 over the hashes of all documents that a source was made from, in their order."""
    digest = hashlib.sha256()
    for read in reads:
        if read.source == source:
            digest.update(mapped(read.folder / KEYS_FILE, KEYS)[["text", "group"]].tobytes())
    return digest.hexdigest()


def assemble(
    out: Path,
    work: Path,
    manifests: Sequence[Manifest],
    *,
    tokenizer: Path,
    packed: Sequence[tuple[PackSpec, Made, Shard]],
    record: dict[str, Any],
) -> None:
    """Put everything into one folder, rename it to `out`, and remove the work folder."""
    result = work / _RESULT
    shutil.rmtree(result, ignore_errors=True)
    result.mkdir()
    shutil.copyfile(tokenizer, result / TOKENIZER_FILE)
    for spec, made, shard in packed:
        where = _folder(result, spec.source, PARTS[spec.part])
        where.mkdir(parents=True, exist_ok=True)
        _link(made.folder / shard.file, where / shard.file)
    digests = {}
    for manifest in manifests:
        path = _folder(result, manifest.source, manifest.part) / "manifest.json"
        path.write_text(manifest.to_json())
        digests[path.relative_to(result).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    (result / RECORD_FILE).write_bytes(_pretty({**record, "manifests": digests}))
    for path in (*(each for each in result.rglob("*") if each.suffix != ".array_record"), result):
        sync(path)
    if out.exists():
        raise UsageError(f"'{out}' was made by another process meanwhile; use that, or name another `--out`")
    (work / ASSEMBLED_FILE).touch()
    result.rename(out)
    _remove(work)


def remove_leftover(work: Path) -> None:
    """Remove a work folder whose result was renamed and that was not removed, because the process was killed then."""
    if not work.is_dir() or (work / _RESULT).exists():
        return
    if (work / ASSEMBLED_FILE).exists() or not any(work.iterdir()):
        _remove(work)


def _remove(work: Path) -> None:
    """Remove a work folder, its mark last: by that a removal which a kill broke off is known and finished."""
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != ASSEMBLED_FILE:
            path.unlink()
    shutil.rmtree(work)


def _folder(result: Path, source: str, part: str) -> Path:
    return result / source if part == PARTS[0] else result / source / part


def _link(path: Path, to: Path) -> None:
    """The same file under a second name; a copy where the file system has no such thing."""
    try:
        os.link(path, to)
    except OSError:
        shutil.copyfile(path, to)


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=1) + b"\n"
