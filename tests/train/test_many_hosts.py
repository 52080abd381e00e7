"""Several processes that train one run together, real ones on loopback: the numbers, the ends and the mistakes."""

import itertools
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from launch import free_port, one_device
from runs_alike import check_served, lines_of

import mixsched
from eval.results import read_rows
from eval.rundir import RunFolder, read_plan
from mixsched.errors import UsageError
from mixsched.shards import read_manifest
from train.data import open_sources
from train.hosts import HostOptions
from train.rundir import last_checkpoint

RUN = "code25-nano-seed0"
DEVICES_A_HOST = 2


def start_hosts(
    command: list[str], count: int, *, of_one: dict[int, list[str]] | None = None, devices: int = DEVICES_A_HOST
) -> list[subprocess.Popen]:
    """So many processes of so many CPU devices each; `of_one` has words more for some of them."""
    # They compile more than they compute, so as little as may be is spent on that.
    flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
    where = f"127.0.0.1:{free_port()}"
    return [
        subprocess.Popen(
            [
                *(sys.executable, *command, f"--hosts.coordinator={where}", f"--hosts.count={count}"),
                *(f"--hosts.index={index}", "--hosts.wait-s=120", *(of_one or {}).get(index, [])),
            ],
            text=True,
            env={**one_device(), "XLA_FLAGS": flags},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for index in range(count)
    ]


def ends_of(hosts: list[subprocess.Popen]) -> list[tuple[int, str]]:
    """Exit code and output of each, once all have ended."""
    try:
        outputs = [host.communicate(timeout=240)[0] for host in hosts]
    finally:
        for host in hosts:
            host.kill()
    return [(host.returncode, output) for host, output in zip(hosts, outputs, strict=True)]


def stopped(
    arguments: list[str], run: RunFolder, *, count: int, after_lines: int, host: int, by: signal.Signals
) -> int:
    """Train on so many hosts, one of which gets a signal when so many lines are written; returns the steps done."""
    hosts = start_hosts(["-m", "train", *arguments], count)
    training(hosts, run, lines=after_lines)
    hosts[host].send_signal(by)
    ends = ends_of(hosts)
    assert [code for code, _ in ends] == [128 + by] * count, ends
    said = re.search(rf"stopped by {by.name} after step (\d+) of 32", ends[0][1])
    assert said, ends
    # The first host alone tells of the run.
    assert not [output for _, output in ends[1:] if re.search("^(run|step|stopped) ", output, re.MULTILINE)], ends
    return int(said[1])


@pytest.fixture(scope="module")
def of_many(tiny_arguments, tmp_path_factory) -> tuple[RunFolder, list[int]]:
    """That run begun on four hosts, gone on with on two and ended on one; the steps at which it changed hosts."""
    runs = tmp_path_factory.mktemp("many") / "runs"
    run, arguments = RunFolder(runs / RUN), tiny_arguments(runs)
    first = stopped(arguments, run, count=4, after_lines=5, host=3, by=signal.SIGTERM)
    assert last_checkpoint(run) == first
    second = stopped([*arguments, "--resume"], run, count=2, after_lines=first + 6, host=1, by=signal.SIGINT)
    assert last_checkpoint(run) == second
    ((code, output),) = ends_of(start_hosts(["-m", "train", *arguments, "--resume"], 1))
    assert code == 0, output
    return run, [first, second]


def test_a_signal_to_one_host_saves_on_all_and_the_run_goes_on_with_fewer(of_many):
    run, (first, second) = of_many
    assert 5 <= first < second < 32
    assert [line["steps_done"] for line in lines_of(run)] == list(range(1, 33))
    check_served(run, read_plan(run))


def test_four_two_and_one_hosts_have_the_losses_of_one_process(of_many, finished_run):
    many, one = lines_of(of_many[0]), lines_of(finished_run)
    for ours, theirs in zip(many, one, strict=True):
        assert ours["counts"] == theirs["counts"]
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-4)
        known = {name: loss for name, loss in theirs["source_loss"].items() if loss is not None}
        assert {name: ours["source_loss"][name] for name in known} == pytest.approx(known, rel=1e-4)
        assert ours["grad_norm"] == pytest.approx(theirs["grad_norm"], rel=1e-2)


def test_they_measure_held_out_text_as_one_process_does(of_many, finished_run):
    many, one = read_rows(of_many[0].results), read_rows(finished_run.results)
    assert [(row.step, row.task, row.n) for row in many] == [(row.step, row.task, row.n) for row in one]
    assert [row.value for row in many] == pytest.approx([row.value for row in one], rel=1e-4)


PLACED = """
import json
from pathlib import Path

import numpy as np
import tyro

import mixsched
from mixsched.shards import read_manifest
from train.hosts import HostOptions, joined


def main(shards: Path, plan: Path, out: Path, hosts: HostOptions) -> None:
    with joined(hosts) as here:
        import jax

        from model.sharding import batch_sharding, device_mesh
        from train.data import Feed, open_sources

        of = mixsched.Plan.from_json(here.of_first(lambda: json.loads(plan.read_text())))
        tokenizer = read_manifest(shards / "text").tokenizer
        sources = open_sources(shards, of.sources, context_tokens=32, tokenizer=tokenizer)
        one_after_another = jax.devices()
        # As on a torus of TPUs, where those of a host are no row of the mesh.
        in_turns = [*one_after_another[0::2], *one_after_another[1::2]]
        meshes = {
            "one-after-another": device_mesh(one_after_another),
            "in-turns": device_mesh(in_turns),
            "in-turns-in-two-copies": device_mesh(in_turns, fsdp=2),
            "two-share-a-row": device_mesh(one_after_another, tensor=2),
        }
        kept = {}
        for mesh_name, mesh in meshes.items():
            whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
            with Feed(sources, mesh) as feed:
                for step in range(2):
                    batch = feed.batch(of, step)
                    assert batch.rows.sharding == batch.source.sharding == batch_sharding(mesh)
                    gathered = jax.jit(lambda batch: (batch.rows, batch.source), out_shardings=whole)(batch)
                    for name, all_of_it in zip(("rows", "source"), gathered):
                        kept[f"{mesh_name} {step} {name} all"] = np.asarray(all_of_it)
                        for part in getattr(batch, name).addressable_shards:
                            kept[f"{mesh_name} {step} {name} {part.index[0].start}"] = np.asarray(part.data)
        np.savez(out / f"{here.index}.npz", **kept)


tyro.cli(main)
"""
# Which quarter of the slots each quarter of a mesh's rows holds.
MESHES = {
    "one-after-another": [0, 1, 2, 3],
    "in-turns": [0, 2, 1, 3],
    "in-turns-in-two-copies": [0, 2, 1, 3],
    "two-share-a-row": [0, 1, 2, 3],
}


def test_the_devices_of_two_hosts_hold_the_batches_of_one_bit_for_bit(finished_run, shards, tmp_path):
    words = ["-c", PLACED, f"--shards={shards}", f"--plan={finished_run.plan}", f"--out={tmp_path}"]
    ends = ends_of(start_hosts(words, 2))
    assert [code for code, _ in ends] == [0, 0], ends
    hosts = [dict(np.load(tmp_path / f"{host}.npz")) for host in range(2)]
    plan = read_plan(finished_run)
    tokenizer = read_manifest(shards / "text").tokenizer
    steps = mixsched.StepSource(plan, open_sources(shards, plan.sources, context_tokens=32, tokenizer=tokenizer))
    for (mesh, quarters), step, name in itertools.product(MESHES.items(), range(2), ("rows", "source")):
        # Each host reads half of the slots.
        served = steps[step][name]
        expected = np.concatenate([served[2 * quarter : 2 * quarter + 2] for quarter in quarters])
        places = []
        for held in hosts:
            about = f"{mesh} {step} {name} "
            parts = {key.removeprefix(about): part for key, part in held.items() if key.startswith(about)}
            np.testing.assert_array_equal(parts.pop("all"), expected)
            own = np.concatenate([parts[place] for place in sorted(parts, key=int)])
            np.testing.assert_array_equal(own, served[: len(own)] if held is hosts[0] else served[len(own) :])
            places += parts
        # No part lies on both.
        assert len(places) == len(set(places)) == (2 if mesh == "two-share-a-row" else 4)


def test_a_shard_that_one_host_lacks_ends_both_with_its_sentence_and_nothing_is_written(
    tiny_arguments, shards, tmp_path
):
    lacking = Path(shutil.copytree(shards, tmp_path / "lacking"))
    (lacking / "text" / "00000-of-00001.array_record").unlink()
    words = ["-m", "train", *tiny_arguments(tmp_path / "runs")]
    ends = ends_of(start_hosts(words, 2, of_one={1: [f"--shards={lacking}"]}))
    assert [code for code, _ in ends] == [2, 2], ends
    for _, output in ends:
        said = "^error: host 1: the shard '.*lacking/text/00000-of-00001.array_record' is missing; "
        assert re.search(said, output, re.MULTILINE), output
        assert "Traceback" not in output
    assert not (tmp_path / "runs").exists()


def training(hosts: list[subprocess.Popen], run: RunFolder, *, lines: int) -> None:
    """Wait until so many lines of metrics are written."""
    while not run.metrics.exists() or len(run.metrics.read_text().splitlines()) < lines:
        assert all(each.poll() is None for each in hosts), ends_of(hosts)
        time.sleep(0.002)


def test_a_host_that_is_killed_ends_the_other_in_a_sentence_and_its_checkpoint_stays(tiny_arguments, tmp_path):
    run, arguments = RunFolder(tmp_path / "runs" / RUN), tiny_arguments(tmp_path / "runs")
    # Many steps, so that the end does not come before.
    hosts = start_hosts(["-m", "train", *arguments, "--paper-tokens-per-token=100000"], 2)
    training(hosts, run, lines=14)
    while not (run.checkpoints / "16").exists():
        assert all(each.poll() is None for each in hosts), ends_of(hosts)
        time.sleep(0.002)
    hosts[1].kill()
    (code, output), (killed, _) = ends_of(hosts)
    assert (code, killed) == (1, -signal.SIGKILL), output
    said = (
        r"^error: host (0: an exchange with another host broke off|1 was not heard for 60 s)\b.*; see what the others"
    )
    assert re.search(said, output, re.MULTILINE), output
    assert "Traceback" not in output
    assert last_checkpoint(run) >= 16


def broken_late(shards: Path, folder: Path, plan: mixsched.Plan) -> int:
    """Copy shards to a folder and flip a bit in rows that the second of two hosts reads late; the first such step."""
    name = plan.sources[0]
    read_at = dict[int, int]()
    for step in reversed(range(plan.total_steps)):
        placed = plan.slots(step, host=1, hosts=2)
        read_at |= dict.fromkeys(placed.record[placed.source == 0].tolist(), step)
    [shard] = Path(shutil.copytree(shards, folder), name).glob("*.array_record")
    whole = shard.read_bytes()

    def broken(row: int) -> bool:
        try:
            mixsched.open_rows(shard.parent)[row]
        except UsageError:
            return True
        return False

    for place in range(1_000, len(whole), 1_000):
        shard.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        steps = [step for row, step in read_at.items() if broken(row)]
        if steps and 12 <= min(steps) < 28:
            return min(steps)
    raise AssertionError("no row is read late by that host alone")


def test_a_row_that_one_host_cannot_read_ends_both_at_its_step(tiny_arguments, finished_run, shards, tmp_path):
    run = RunFolder(tmp_path / "runs" / RUN)
    step = broken_late(shards, tmp_path / "broken", read_plan(finished_run))
    words = ["-m", "train", *tiny_arguments(tmp_path / "runs"), "--checkpoint-every-steps=4"]
    ends = ends_of(start_hosts(words, 2, of_one={1: [f"--shards={tmp_path / 'broken'}"]}))
    assert [code for code, _ in ends] == [2, 2], ends
    for _, output in ends:
        assert re.search(r"^error: host 1: the shard '.*/broken/.*' cannot be read \(", output, re.MULTILINE), output
        assert "Traceback" not in output
    assert [line["steps_done"] for line in lines_of(run)][-1] in (step - 1, step)
    assert last_checkpoint(run) in (step // 4 * 4, step // 4 * 4 - 4)


def test_hosts_that_were_given_different_options_do_not_train(tiny_arguments, tmp_path):
    words = ["-m", "train", *tiny_arguments(tmp_path / "runs")]
    ends = ends_of(start_hosts(words, 2, of_one={1: ["--devices.microbatches=2", "--optimizer.peak-lr=0.001"]}))
    assert [code for code, _ in ends] == [2, 2], ends
    for _, output in ends:
        assert "error: host 1: the first host was given other options or data than this one: devices.micro" in output
        assert "devices.microbatches was 1, now 2; config.settings.optimizer.peak_lr was 0.004, now 0.001; " in output
    assert not (tmp_path / "runs").exists()


def test_devices_of_two_hosts_do_not_share_rows(tiny_arguments, tmp_path):
    words = ["-m", "train", *tiny_arguments(tmp_path / "runs"), "--devices.tensor=2"]
    ends = ends_of(start_hosts(words, 2, devices=1))
    assert [code for code, _ in ends] == [2, 2], ends
    assert all("`--devices.tensor` is 2, by which devices of several hosts would share a row" in out for _, out in ends)


def test_a_coordinator_that_does_not_answer_is_told_in_a_sentence(tiny_arguments, tmp_path):
    where = f"127.0.0.1:{free_port()}"
    words = [f"--hosts.coordinator={where}", "--hosts.count=2", "--hosts.index=1", "--hosts.wait-s=1"]
    command = [sys.executable, "-m", "train", *tiny_arguments(tmp_path / "runs"), *words]
    done = subprocess.run(command, env=one_device(), text=True, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: host 1 and the others of 2 have not met at '{where}' within 1 s; start all")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hosts.count=2"], "`--hosts.coordinator` and `--hosts.index` must be given too"),
        (["--hosts.coordinator=a:1", "--hosts.index=0"], "`--hosts.count` must be given too"),
        (["--hosts.coordinator=a", "--hosts.count=2", "--hosts.index=0"], "must be HOST:PORT, got 'a'"),
        (["--hosts.coordinator=a:1", "--hosts.count=2", "--hosts.index=2"], "`--hosts.index` must lie in 0..1"),
        (["--hosts.count=0"], "`--hosts.count` must be at least 1, got 0"),
    ],
)
def test_hosts_that_cannot_be(refused, words, said):
    assert said in refused("train", "--exp=experiments/code25.py", *words)


def test_one_host_alone_needs_no_coordinator():
    assert HostOptions(count=1).coordinator is None
    with pytest.raises(UsageError, match=r"`--hosts\.wait-s` must be at least 1"):
        HostOptions(count=1, wait_s=0)
