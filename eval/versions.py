"""Which code made a number: the versions of the libraries that matter to it, and the commit of the checkout."""

import functools
import importlib.metadata
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Each of them can change the bits of a run: what is computed, what is read, in which order, what a checkpoint holds.
LIBRARIES = (
    "jax",
    "jaxlib",
    "grain",
    "array-record",
    "sentencepiece",
    "optax",
    "equinox",
    "orbax-checkpoint",
    "numpy",
)
# What measuring itself writes into the checkout is no change of the code.
WRITTEN = ":(exclude)experiments/results"


@functools.cache
def library_versions() -> dict[str, str]:
    """The version of each library by its name on the package index; one that is not installed is left out."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def checkout_commit() -> str:
    """The commit of this checkout, `+changes` behind it where tracked files differ; empty where there is no git."""
    # Where this was unpacked inside another project, that one's commit says nothing.
    if _git("rev-parse", "--show-toplevel") != str(ROOT.resolve()):
        return ""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", WRITTEN)
    return f"{commit}+changes" if commit and changed != "" else commit or ""


def _git(*words: str) -> str | None:
    """What git says; None where there is no git, or it refuses."""
    # A hook of git's runs with variables that name the repository that it is of.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # To look must not write: others may be using the index.
    command = ["git", "--no-optional-locks", "-C", str(ROOT), *words]
    try:
        done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
