"""How devices are laid out for a step, and what does not fit."""

import dataclasses

import jax
import pytest

from mixsched.errors import UsageError
from train.devices import DeviceOptions, in_place, mesh_for
from train.scales import SCALES

NANO = SCALES["nano"]


def test_parameters_are_split_over_all_of_few_devices() -> None:
    assert mesh_for(DeviceOptions(), NANO, jax.devices()[:8]).shape == {"data": 1, "fsdp": 8, "tensor": 1}


@dataclasses.dataclass(frozen=True)
class Chip:
    """A device as JAX describes a TPU's, as far as its place matters."""

    id: int
    coords: tuple[int, int, int]
    process_index: int
    platform: str = "tpu"


def test_on_a_pod_a_row_of_devices_is_a_side() -> None:
    # Listed host by host, four chips each, as JAX lists them.
    chips = [
        Chip(number, (2 * (host % 8) + chip % 2, 2 * (host // 8) + chip // 2, 0), host)
        for number, (host, chip) in enumerate((host, chip) for host in range(64) for chip in range(4))
    ]
    assert [chip.coords for chip in in_place(chips)] == [(x, y, 0) for y in range(16) for x in range(16)]


@pytest.mark.parametrize(
    ("options", "batch_size", "said"),
    [
        (DeviceOptions(fsdp=3), 16, "must divide the 8 devices, got 3 times 1"),
        (DeviceOptions(tensor=3), 16, "must divide the 8 devices, got 1 times 3"),
        (DeviceOptions(), 12, "`--batch-size` must be a multiple of the 8 devices, got 12; 8 would fit"),
        (
            DeviceOptions(tensor=2, microbatches=3),
            16,
            "the 4 groups of 2 devices times 3 microbatches, got 16",
        ),
        (DeviceOptions(tensor=4), 16, "`--devices.tensor` must divide `--model.heads`, which is 2, got 4"),
    ],
)
def test_what_does_not_divide_is_named(options: DeviceOptions, batch_size: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        mesh_for(options, dataclasses.replace(NANO, batch_size=batch_size), jax.devices()[:8])


@pytest.mark.parametrize("given", [{"fsdp": -1}, {"tensor": 0}, {"microbatches": 0}])
def test_numbers_below_one_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="must be at least 1"):
        DeviceOptions(**given)
