"""What is done to a folder before a command meets it: files cut, emptied, removed, or made into something else."""

from collections.abc import Callable
from pathlib import Path

Change = Callable[[Path], None]


def put(name: str, text: str | bytes) -> Change:
    """Put a file in place of what is there, if anything."""

    def change(folder: Path) -> None:
        path = folder / name
        path.unlink(missing_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    return change


def remove(name: str) -> Change:
    """Remove a file."""
    return lambda folder: (folder / name).unlink()


def cut(name: str) -> Change:
    """Leave out the second half of a file."""

    def change(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        put(name, whole[: len(whole) // 2])(folder)

    return change


def replaced(name: str, old: str, new: str) -> Change:
    """Write other words for words of a file, which must be there."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text, f"{name} does not say {old!r}"
        put(name, text.replace(old, new))(folder)

    return change


def folder_for(name: str) -> Change:
    """Make a folder where a file should be."""

    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return change


def circle(name: str) -> Change:
    """Make a link to itself: a file that nobody can read, root included."""

    def change(folder: Path) -> None:
        path = folder / name
        path.unlink(missing_ok=True)
        path.symlink_to(path.name)

    return change
