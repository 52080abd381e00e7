"""Where a context ends and what is scored after it begins."""


def moved_seam(context: str, continuation: str) -> tuple[str, str]:
    """A context without the white space it ends with, and its continuation with that before it: what is scored.

    As lm-eval does it (`TemplateLM`), since tokenizers join a word with the space before it. What is counted by byte
    must count the bytes of the same text.
    """
    stripped = context.rstrip()
    return stripped, context[len(stripped) :] + continuation
