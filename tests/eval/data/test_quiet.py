"""Other libraries write nothing into the terminal while tasks are loaded, and may do so again afterwards."""

import io
import logging
import sys

from eval.data.quiet import quiet


def test_nothing_is_printed_drawn_or_logged_within_it_and_all_is_as_before_afterwards() -> None:
    # As those libraries do: a handler that was made long before.
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    theirs = logging.getLogger("lm_eval.api.task")
    top = logging.getLogger("lm_eval")
    top.addHandler(handler)
    before = top.level
    try:
        with quiet():
            theirs.warning("within")
            print("printed", file=sys.stderr)
        theirs.warning("afterwards")
    finally:
        top.removeHandler(handler)
    assert stream.getvalue() == "afterwards\n"
    assert top.level == before
