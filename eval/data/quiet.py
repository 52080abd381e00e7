"""Keeps lm-eval, datasets and the hub's client from writing into a person's terminal."""

import contextlib
import io
import logging
from collections.abc import Iterator

_LOGGERS = ("lm_eval", "datasets", "huggingface_hub", "evaluate", "httpx", "filelock", "fsspec")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within it only errors are logged by those libraries, and nothing that anyone prints or draws is shown."""
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
