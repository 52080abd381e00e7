"""What a run needs before it begins: its data, plan, configuration and devices, found and held against each other."""

import dataclasses
from collections.abc import Callable

import jax
import optax
from jax.sharding import Mesh

import mixsched
from eval.heldout import HeldoutSet, load_heldout
from eval.rundir import RunConfig
from eval.versions import checkout_commit, library_versions
from mixsched.differences import differences
from mixsched.errors import UsageError
from model.sharding import batch_sharding, rows_on
from train.data import check_tokenizer, fingerprints_of, open_sources, rows_of
from train.devices import DeviceOptions, mesh_for
from train.experiment import phases
from train.job import Job
from train.rundir import run_folder
from train.state import TrainState, make_optimizer, state_maker


@dataclasses.dataclass(frozen=True)
class Ready:
    """All that a job trains with; `plan` is the one that its files declare, behind its parent's as that was served."""

    mesh: Mesh
    tokenizer: str
    heldout: list[HeldoutSet]
    plan: mixsched.Plan
    config: RunConfig
    optimizer: optax.GradientTransformation
    make_state: Callable[[], TrainState]


def make_ready(job: Job) -> Ready:
    """Find all that, and write nothing; raises UsageError that names what is missing or does not fit together."""
    mesh = _mesh(job)
    _check_who_sets_weights(job)
    settings, context_tokens = job.settings, job.settings.model.context_tokens
    tokenizer = check_tokenizer(
        job.shards, vocab_size=settings.model.vocab_size, document_end=settings.model.document_end
    )
    heldout = load_heldout(job.shards, rows=settings.heldout_rows, context_tokens=context_tokens, tokenizer=tokenizer)
    declared = opened(job, job.lineage.schedule(settings).sources, tokenizer=tokenizer)
    plan = job.lineage.plan(settings, rows_of(declared), seed=job.seed)
    if job.parent is not None:
        plan = job.parent.extended(plan, phases(job.lineage.experiment, settings))
    # A parent that was amended may have brought in sources that no file names.
    data = fingerprints_of(opened(job, plan.sources, tokenizer=tokenizer))
    data |= {f"{held.source}/heldout": held.fingerprint for held in heldout}
    config = _config(job, mesh, tokenizer=tokenizer, data=data)
    if job.parent is not None:
        job.parent.check_same_data(config)
    optimizer = make_optimizer(settings.optimizer)
    make_state = state_maker(settings.model, optimizer, key=jax.random.key(job.seed))
    return Ready(mesh, tokenizer, heldout, plan, config, optimizer, make_state)


def agree(job: Job, ready: Ready) -> None:
    """Wait until all hosts are ready; raises UsageError on one that was given other than the first, and names it."""

    def asked() -> dict[str, object]:
        # Where the data lies may differ; what it is may not, and that its fingerprints tell. Nor need the commit be the
        # same, which counts what has no part in training too.
        config = dataclasses.asdict(dataclasses.replace(ready.config, shards="", commit=""))
        devices = dataclasses.asdict(job.devices)
        return {"devices": devices, "amend": repr(job.change), "config": config, "plan": ready.plan.to_json()}

    hosts = job.hosts
    if hosts.count == 1:
        return
    first, own = hosts.of_first(asked), asked()
    given = ("devices", "amend", "config")
    changed = [each for name in given for each in differences(first[name], own[name], name=name)]
    # Where those differ, of the plan no more need be told.
    changed = changed or differences(first["plan"], own["plan"], name="plan")
    if changed:
        raise UsageError(
            f"the first host was given other options or data than this one: {'; '.join(changed)}; start all hosts with "
            "the same"
        )
    hosts.wait()


def opened(job: Job, names: tuple[str, ...], *, tokenizer: str) -> dict[str, mixsched.Rows]:
    """The named sources among the job's shards, checked; raises UsageError that names what does not fit."""
    return open_sources(job.shards, names, context_tokens=job.settings.model.context_tokens, tokenizer=tokenizer)


def _mesh(job: Job) -> Mesh:
    devices = jax.devices()
    if len(devices) != jax.local_device_count() * jax.process_count():
        raise UsageError(
            f"every host must have the same number of devices; this one has {jax.local_device_count()} of the "
            f"{len(devices)} of {jax.process_count()} hosts"
        )
    mesh = mesh_for(job.devices, job.settings, devices)
    parts = batch_sharding(mesh).addressable_devices_indices_map((rows_on(mesh),)).values()
    # Each host reads the rows of its own devices, which it can't share with another's.
    if len({part[0].start for part in parts if part is not None}) * jax.process_count() != rows_on(mesh):
        raise UsageError(
            f"`--devices.tensor` is {job.devices.tensor}, by which devices of several hosts would share a row; the "
            f"devices of one host, of which there are {jax.local_device_count()}, must be whole groups of so many"
        )
    return mesh


def _check_who_sets_weights(job: Job) -> None:
    adaptive = job.lineage.experiment.adaptive is not None
    if not adaptive and job.folder.online.exists():
        raise UsageError(
            f"'{job.folder.path}' holds a run whose weights are set by its losses, but '{job.lineage.files[-1]}' "
            "declares no `adaptive`; restore it there, or choose another `--seed` or `--runs`"
        )
    if job.change is None:
        return
    if not job.folder.config.exists():
        raise UsageError(
            f"'{job.folder.path}' holds no run yet, so there is nothing to amend; look at `--seed` and `--runs`"
        )
    if adaptive:
        raise UsageError(f"the weights of '{job.folder.path}' are set by its losses; `--amend` can't change them too")


def _config(job: Job, mesh: Mesh, *, tokenizer: str, data: dict[str, str]) -> RunConfig:
    parent, adaptive = job.lineage.parent, job.lineage.experiment.adaptive
    runs = job.folder.path.parent
    return RunConfig(
        run=job.folder.path.name,
        experiment=job.lineage.name,
        scale=job.scale,
        seed=job.seed,
        shards=str(job.shards),
        tokenizer=tokenizer,
        data=data,
        settings=dataclasses.asdict(job.settings),
        starts_from="" if parent is None else run_folder(runs, parent, job.scale, seed=job.seed).path.name,
        libraries=library_versions(),
        commit=checkout_commit(),
        devices=devices_of(mesh, job.devices),
        numbers=dataclasses.asdict(job.numbers),
        adaptive={} if adaptive is None else dataclasses.asdict(adaptive),
    )


def devices_of(mesh: Mesh, options: DeviceOptions) -> dict[str, object]:
    """The kind and number of a mesh's devices, and how a step is laid over them, as config.json records it."""
    kind = mesh.devices.flat[0].device_kind
    return {"kind": kind, "count": mesh.size, "hosts": jax.process_count(), **dataclasses.asdict(options)}
