"""How the items of tasks are asked, whatever the model."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Asking:
    """How items are asked: the first `limit` of them (None: all), and for programs `samples` at a `temperature`."""

    limit: int | None = None
    samples: int = 1
    temperature: float = 0.0
    seed: int = 0
