"""The options of XLA that matter for the step, in one place, each with what it is for."""

TPU: dict[str, str] = {
    # What a fusion may use of a core's 128 MiB of vector memory, where libtpu leaves it 16: products of this size then
    # read their operands fewer times. By `python -m train.ahead` the step of 2.8b on v5e:16x16 takes 3.02 s with it and
    # 3.32 s without. Twice as much changes nothing, and doubles the time of compilation.
    "xla_tpu_scoped_vmem_limit_kib": "32768",
}


def compiler_options(platform: str) -> dict[str, str] | None:
    """What `jax.jit` is given for a platform; None where XLA's own choices stand."""
    return dict(TPU) if platform == "tpu" else None
