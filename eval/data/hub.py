"""Asks once whether the hub can be reached: where it can't, its client tries for half a minute for each data set."""

import contextlib
import urllib.error
import urllib.request
from collections.abc import Iterator

PATIENCE_S = 5.0


@contextlib.contextmanager
def reachable_or_offline(*, patience_s: float = PATIENCE_S) -> Iterator[bool]:
    """Tells whether the hub answers; if it doesn't, datasets and its client are offline within this.

    Offline they give what lies in their cache and fail at once for anything else. A user's HF_HUB_OFFLINE and
    HF_ENDPOINT are respected.
    """
    import datasets.config
    import huggingface_hub.constants as client

    if client.HF_HUB_OFFLINE or _answers(client.ENDPOINT, patience_s):
        yield not client.HF_HUB_OFFLINE
        return
    before = client.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    client.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
    try:
        yield False
    finally:
        client.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before


def _answers(endpoint: str, patience_s: float) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(endpoint, method="HEAD"), timeout=patience_s):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
