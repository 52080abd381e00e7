"""Two runs to compare."""

import pytest
from answered_runs import make_run


@pytest.fixture
def pair(tmp_path):
    """Two runs with one seed each, as yet without answers."""
    return make_run(tmp_path / "text-nano-seed0"), make_run(tmp_path / "code-nano-seed0")
