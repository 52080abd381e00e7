"""Tells a person what a prepared folder holds: a table of numbers, what they are of, and what was dropped."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from mixsched import Manifest

_NUMBERS = ("source", "part", "documents", "MB", "tokens", "bytes/token", "rows", "shards")
_DROPPED = ("dropped from", "because", "documents")
# Where there is no terminal: in a file, or a pipe.
_WIDTH = 100
_LISTED = 8
# Names may be cut, in tables to no less than the second; numbers never.
_SOURCE_WIDTH, _CUT_WIDTH = 24, 6


def console() -> Console:
    """Standard output, as wide as the terminal."""
    return Console(width=None if Console().is_terminal else _WIDTH)


def tell(screen: Console, manifests: Sequence[Manifest]) -> None:
    """Print the tables; nothing of what there is none of."""
    if manifests:
        for line, text in enumerate(_aligned([_NUMBERS, *map(_numbers, manifests)], screen.width, cut=0)):
            _print_line(screen, text, "" if line else "bold")
    licences = _added((each.source, each.licences) for each in manifests)
    languages = _added((each.source, each.languages) for each in manifests)
    _print_lists(screen, "licences (documents)", licences, "{:,}".format)
    _print_lists(screen, "languages (MB)", languages, _megabytes)
    _print_dropped(screen, manifests)


def tell_fault(screen: Console, fault: str) -> None:
    """One fault, on one line, so that the path in it can be copied."""
    _print_line(screen, f"FAULT: {_plain(fault)}", "red")


def _numbers(manifest: Manifest) -> tuple[str, ...]:
    return (
        manifest.source,
        manifest.part,
        f"{manifest.documents:,}",
        _megabytes(manifest.text_bytes),
        f"{manifest.tokens:,}",
        f"{manifest.text_bytes / manifest.tokens:.3f}",
        f"{manifest.rows:,}",
        f"{len(manifest.shards):,}",
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.2f}" if count < 10_000_000_000 else f"{count / 1e6:,.0f}"


def _added(counts: Iterable[tuple[str, Mapping[str, int]]]) -> dict[str, Counter[str]]:
    """What the parts of each source have together, where that is anything."""
    added: dict[str, Counter[str]] = {}
    for source, of_part in counts:
        added.setdefault(source, Counter()).update(of_part)
    return {source: of_source for source, of_source in added.items() if of_source}


def _print_lists(screen: Console, title: str, counts: Mapping[str, Counter[str]], number: Callable[[int], str]) -> None:
    """A line for each source, the largest first, wrapped between the names."""
    if not counts:
        return
    screen.print()
    _print_line(screen, title, "bold")
    names = min(max(map(cell_len, counts)), _SOURCE_WIDTH) + 4
    for source, of_source in counts.items():
        listed = sorted(of_source.items(), key=lambda item: (-item[1], item[0]))
        words = [f"{_plain(name)} {number(count)}" for name, count in listed[:_LISTED]]
        if len(listed) > _LISTED:
            words.append(f"{len(listed) - _LISTED:,} more")
        for line, text in enumerate(_wrapped(words, screen.width - names)):
            _print_line(screen, f"  {'' if line else _cut(source, names - 4)}".ljust(names) + text)


def _wrapped(words: Sequence[str], width: int) -> Iterator[str]:
    """Lines of words with commas between them; no word is broken."""
    line = ""
    for word in words:
        if line and cell_len(f"{line}, {word},") > width:
            yield f"{line},"
            line = word
        else:
            line = f"{line}, {word}" if line else word
    yield line


def _print_dropped(screen: Console, manifests: Sequence[Manifest]) -> None:
    """What was dropped, the most frequent reason of each source first, with an example below each."""
    rows: list[Sequence[str]] = [_DROPPED]
    examples = [""]
    for each in manifests:
        for reason, count in sorted(each.dropped.items(), key=lambda item: (-item[1], item[0])):
            rows.append((_cut(each.source, _SOURCE_WIDTH), _plain(reason), f"{count:,}"))
            examples.append("".join(each.dropped_examples.get(reason, [])[:1]))
    if len(rows) == 1:
        return
    screen.print()
    for line, (text, example) in enumerate(zip(_aligned(rows, screen.width, cut=1), examples, strict=True)):
        _print_line(screen, text, "" if line else "bold")
        if example:
            _print_line(screen, f"  {_cut(_plain(example), screen.width - 2)}", "dim")


def _aligned(rows: Sequence[Sequence[str]], width: int, *, cut: int) -> Iterator[str]:
    """Lines of rows whose first two columns are names, and the others numbers, flush right.

    What is too wide stands closer together, then one of the columns of names is cut.
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= width else " "
    excess = sum(widths) + len(gap) * (len(widths) - 1) - width
    widths[cut] = min(widths[cut], max(_CUT_WIDTH, widths[cut] - excess))
    for row in rows:
        names = (set_cell_size(_cut(name, fit), fit) for name, fit in zip(row[:2], widths[:2], strict=True))
        yield gap.join([*names, *(number.rjust(fit) for number, fit in zip(row[2:], widths[2:], strict=True))])


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _plain(text: str) -> str:
    """Text out of data as a terminal can show it: on one line, without what would move the cursor."""
    spaced = (" " if each.isspace() else each for each in text)
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in spaced)


def _print_line(screen: Console, text: str, style: str = "") -> None:
    # Never wrapped or cropped here: no number is to be cut, and no path.
    screen.print(Text(text, style=style), soft_wrap=True)
