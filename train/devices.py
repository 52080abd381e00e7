"""How a step is laid over devices: which mesh, and how much of a batch at a time. Nothing learned depends on it."""

import dataclasses
from typing import TYPE_CHECKING, Any

from mixsched.errors import UsageError
from train.scales import Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax.sharding import Mesh

# As many chips as one side of a v5e pod has: on a whole pod, what they gather from each other goes
# round one ring.
MOST_FSDP = 16


@dataclasses.dataclass(frozen=True)
class DeviceOptions:
    """How a step is laid over the devices. A run may be continued with others."""

    fsdp: int = 0
    """Devices, times those of `tensor`, that parameters and optimizer state are split over. 0: the most that divide all
    devices, up to 16."""
    tensor: int = 1
    """Devices that share a row: its heads, its MLP and its positions."""
    microbatches: int = 1
    """Parts of a batch that go forward and backward one after another, which holds fewer activations."""

    def __post_init__(self):
        if self.fsdp < 0:
            raise UsageError(f"`--devices.fsdp` must be at least 1, or 0 to choose, got {self.fsdp}")
        for name in ("tensor", "microbatches"):
            if getattr(self, name) < 1:
                raise UsageError(f"`--devices.{name}` must be at least 1, got {getattr(self, name)}")


BY_ITSELF = DeviceOptions()


def mesh_for(options: DeviceOptions, settings: Scale, devices: "Sequence[Any]") -> "Mesh":
    """The mesh of a run over `devices`; raises UsageError that names what does not divide."""
    from model.sharding import device_mesh

    count, tensor = len(devices), options.tensor
    fsdp = options.fsdp or max(size for size in range(1, MOST_FSDP + 1) if count % (size * tensor) == 0 or size == 1)
    if count % (fsdp * tensor):
        raise UsageError(
            f"`--devices.fsdp` times `--devices.tensor` must divide the {count} devices, got {fsdp} times {tensor}"
        )
    rows, parts = count // tensor, options.microbatches
    if settings.batch_size % (rows * parts):
        fits = rows * parts * max(1, settings.batch_size // (rows * parts))
        raise UsageError(
            f"`--batch-size` must be a multiple of {_ways(count, tensor, parts)}, got {settings.batch_size}; "
            f"{fits} would fit"
        )
    model = settings.model
    for name, size in (("heads", model.heads), ("hidden", model.hidden), ("context-tokens", model.context_tokens)):
        if size % tensor:
            raise UsageError(f"`--devices.tensor` must divide `--model.{name}`, which is {size}, got {tensor}")
    return device_mesh(in_place(devices), fsdp=fsdp, tensor=tensor)


def _ways(count: int, tensor: int, parts: int) -> str:
    told = f"the {count} devices" if tensor == 1 else f"the {count // tensor} groups of {tensor} devices"
    return told if parts == 1 else f"{told} times {parts} microbatches"


def in_place(devices: "Sequence[Any]") -> list[Any]:
    """Devices by their places in the topology, so that the innermost axis of a mesh goes along a side of it.

    Only TPUs know their places; elsewhere devices stand process after process.
    """

    def place(device: Any) -> tuple[int, ...]:
        return device.coords[::-1] if device.platform == "tpu" else (device.process_index, device.id)

    return sorted(devices, key=place)
