"""Records as rows of a data set that the package `datasets` streams: of the Hugging Face hub or of local files."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mixsched.errors import UsageError
from train.corpora.document import Document
from train.prepare.readers.files import find_files, version_of
from train.prepare.readers.reader import Dropped, Part
from train.prepare.readers.records import RecordReader, check_fields, record_mapping

_PACKAGES = ("datasets", "huggingface_hub")
# Those whose rows are those of `data_files`, for which no data set on the hub is asked.
_FORMATS = ("arrow", "csv", "json", "pandas", "parquet", "text", "webdataset", "xml")


class Hub(RecordReader, tag="huggingface", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A split of a data set, streamed and never stored; a part is a shard of it (most often a file).

    `dataset` is "owner/name", or a format such as "json" with `data_files`: addresses, or paths and patterns from
    the folder of the data. A row's own origin is "owner/name/split/SHARD#ROW", both numbered from 0. Needs
    `pip install datasets huggingface_hub`, and for data sets with conditions `hf auth login`.
    """

    dataset: str
    config: str | None = None
    split: str = "train"
    revision: str | None = None
    """A commit, branch or tag; otherwise the newest commit when the parts are made."""
    data_files: tuple[str, ...] | None = None

    def parts(self, data: Path) -> list[Part]:
        """The shards; asks the hub, and reads the first rows to see that they have the fields that the recipe names."""
        with _told(self.dataset):
            version = self._version(data)
            rows = self._rows(data, version)
            shards = int(rows.num_shards)
            check_fields(record_mapping(self), rows, where=self.dataset)
            shard_bytes = (rows.info.download_size or 0) // shards
        return [
            Part(files=(), start=shard, stop=shard + 1, bytes=shard_bytes, version=version) for shard in range(shards)
        ]

    def read(self, data: Path, part: Part, *, source: str) -> Iterator[Document | Dropped]:
        """The rows of the part's shard, in their order."""
        mapping = record_mapping(self)
        name = "/".join(filter(None, (self.dataset, self.config, self.split)))
        # What the mapping does is left outside, so that only errors of `datasets` are told as errors of the data.
        for row, record in enumerate(self._shard(data, part, {path.keys[0] for path in mapping.paths()})):
            yield mapping.to_document(record, source=source, origin=f"{name}/{part.start}#{row}")

    def _shard(self, data: Path, part: Part, fields: set[str]) -> Iterator[dict[str, Any]]:
        with _told(self.dataset):
            rows = self._rows(data, part.version)
            rows = rows.shard(num_shards=rows.num_shards, index=part.start)
            if rows.column_names and fields <= set(rows.column_names):
                # Others may be pictures and sounds, which would be decoded.
                rows = rows.select_columns(sorted(fields))
            yield from rows

    def _version(self, data: Path) -> str:
        if self.dataset not in _FORMATS:
            from huggingface_hub import HfApi  # pyright: ignore[reportMissingImports]

            return str(HfApi().dataset_info(self.dataset, revision=self.revision).sha)
        local = [file for file in self.data_files or () if "://" not in file]
        remote = [file for file in self.data_files or () if "://" in file]
        return "+".join([version_of(find_files(data, local)), *remote])

    def _rows(self, data: Path, version: str) -> Any:
        import datasets  # pyright: ignore[reportMissingImports]

        of_a_format = self.dataset in _FORMATS
        files = self.data_files
        if of_a_format and files:
            local = find_files(data, [file for file in files if "://" not in file])
            files = [*(str(data / file.name) for file in local), *(file for file in files if "://" in file)]
        return datasets.load_dataset(
            self.dataset,
            name=self.config,
            split=self.split,
            revision=None if of_a_format else version,
            data_files=list(files) if files else None,
            streaming=True,
        )


@contextlib.contextmanager
def _told(dataset: str) -> Iterator[None]:
    """Tells what `datasets` raises, which may be anything, in a sentence."""
    try:
        yield
    except UsageError:
        raise
    except ModuleNotFoundError as error:
        # What the two need themselves may be missing too, for some formats.
        missing = _PACKAGES if error.name in _PACKAGES else (str(error.name),)
        raise UsageError(
            f"the reader `huggingface` needs {' and '.join(missing)}; `pip install {' '.join(missing)}` installs that"
        ) from error
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UsageError(
            f"`dataset`: {dataset!r} cannot be streamed ({reason}); check its name, config, split and files, the "
            "connection, and whether it asks for `hf auth login`"
        ) from error
