"""The one exception that means: the caller's mistake, told in a sentence that says what to do."""

from collections.abc import Iterable


class UsageError(ValueError):
    """A declaration, argument or file that cannot be used as it is.

    The message names the argument, the rule, the offending value and the remedy. Command lines print it
    and exit with 2; anything else that escapes is a fault of ours and keeps its traceback.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that offers the nearest of the `known` words, or lists them.

    >>> did_you_mean("web_cod", ["text", "web_code"])
    "did you mean 'web_code'? Known: text, web_code"
    >>> did_you_mean("x", ["text", "web_code"])
    'known: text, web_code'
    """
    # Imported where a mistake was made, to keep `import mixsched` quick; so are the other late imports here.
    import difflib

    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    listed = ", ".join(known) if known else "none"
    return f"did you mean {near[0]!r}? Known: {listed}" if near else f"known: {listed}"
