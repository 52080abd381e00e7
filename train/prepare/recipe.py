"""A recipe: where the documents of each source come from, which of them are kept, and how they become tokens."""

import re
import tomllib
from pathlib import Path

import msgspec

from mixsched.errors import UsageError, did_you_mean
from train.prepare.filters import Filters
from train.prepare.readers.folder import Folder
from train.prepare.readers.generated import Generated
from train.prepare.readers.git import Git
from train.prepare.readers.hub import Hub
from train.prepare.readers.jsonl import JsonLines
from train.prepare.readers.notebooks import Notebooks
from train.prepare.readers.parquet import Parquet

Input = JsonLines | Parquet | Folder | Git | Notebooks | Hub | Generated
