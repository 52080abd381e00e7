"""All that are compared, by the names that tables and figure give them."""

from mixsched.bench import hf
from mixsched.bench.case import Mixer
from mixsched.bench.grain_mix import grain_mix
from mixsched.bench.ours import mixsched
from mixsched.bench.rules import iid_rows, iid_sources, levanter, megatron

OURS = "mixsched"
GRAIN = "Grain mix"


def all_mixers() -> tuple[Mixer, ...]:
    """mixsched, two libraries themselves, and four rules: those with a star are said again in our words."""
    return (
        Mixer(OURS, mixsched),
        Mixer(GRAIN, grain_mix),
        Mixer("Levanter blocks*", levanter),
        Mixer("Megatron blend*", megatron, tabulates=True),
        Mixer("HF interleave", hf.interleave if hf.installed() else None, tabulates=True),
        Mixer("iid sources*", iid_sources),
        Mixer("iid rows*", iid_rows),
    )
