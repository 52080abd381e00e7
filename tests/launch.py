"""How tests start commands of ours in processes of their own."""

import os


def one_device() -> dict[str, str]:
    """The environment as a user's machine has it: one CPU device, whatever this test session was given."""
    return {**os.environ, "XLA_FLAGS": ""}
