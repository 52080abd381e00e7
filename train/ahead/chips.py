"""What a chip can do, as its maker publishes it, and how its chips are wired."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Chip:
    """A TPU chip with one core.

    `links` of `link_bytes_per_s` each way join it to its neighbours in a two-dimensional mesh; where a side of the
    topology is `ring_side` chips long, its ends are joined too.
    """

    name: str
    peak_flops_per_s: float
    hbm_bytes: int
    hbm_bytes_per_s: float
    clock_hz: float
    link_bytes_per_s: float
    ring_side: int


# Peak, memory and its speed: Google Cloud's page of TPU v5e (197 TFLOP/s in bfloat16, 16 GB, 819 GB/s). The clock is
# the one at which four 128 x 128 arrays give that peak. A link carries 400 Gbit/s each way by that page (1,600 Gbit/s
# for four), of which 45 GB/s arrive (Austin et al. 2025, "How to Scale Your Model", chapter 2).
V5E = Chip(
    name="v5e",
    peak_flops_per_s=197e12,
    hbm_bytes=16 * 2**30,
    hbm_bytes_per_s=819e9,
    clock_hz=1.5e9,
    link_bytes_per_s=45e9,
    ring_side=16,
)
