"""What is kept of predictions: whole, of the settings that runs have, and told where people read it."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from train.ahead.kept import all_kept, kept_prediction
from train.ahead.prediction import load
from train.ahead.told import table, tell
from train.devices import DeviceOptions
from train.lineage import load_lineage
from train.scales import SCALES
from train.told import tell as tell_run

PAGE = Path("train/TPU.md").read_text()
POD = "v5e:16x16"


@pytest.mark.parametrize("scale", ["470m", "2.8b"])
def test_a_pods_prediction_is_of_the_settings_that_a_run_has(scale: str) -> None:
    kept = kept_prediction(scale, POD)
    assert kept is not None
    assert kept.is_of(SCALES[scale], DeviceOptions())
    assert not kept.is_of(SCALES[scale], DeviceOptions(microbatches=2))
    assert kept.parameters == SCALES[scale].model.parameters
    assert kept.tokens == 512 * 8_192
    assert kept.step_s == pytest.approx(sum(kept.parts.values()))
    assert kept.chip_hours(200_000_000_000) == pytest.approx(kept.hours(200_000_000_000) * 256)


def test_all_that_is_kept_is_of_settings_that_scales_have() -> None:
    for kept in all_kept():
        assert kept.is_of(SCALES[kept.scale], DeviceOptions(**kept.devices)), (kept.scale, kept.topology)


def test_a_prediction_comes_back_from_its_file(tmp_path: Path) -> None:
    for kept in all_kept():
        kept.save(tmp_path / "again.json")
        assert load(tmp_path / "again.json") == kept


def test_the_page_has_the_table_of_what_is_kept() -> None:
    assert table(all_kept()) in PAGE, f"put this into train/TPU.md:\n{table(all_kept())}"


def test_every_option_on_the_page_is_one() -> None:
    helps = "".join(
        subprocess.run(
            [sys.executable, "-m", *command.split(), "--help"], text=True, capture_output=True, check=True
        ).stdout
        for command in ("train --scale=470m", "train.ahead", "train.prepare", "eval", "figures curves")
    )
    named = set(re.findall(r"(?<![\w-])--[a-z][\w.-]+", PAGE)) - {"--worker", "--command"}
    assert named
    assert not [option for option in named if option.rstrip(".") not in helps]


def test_a_plan_tells_the_prediction_for_its_own_tokens_and_no_other_settings() -> None:
    lineage = load_lineage(Path("experiments/text_only.py"))
    kept = kept_prediction("470m", POD)
    assert kept is not None
    said = tell_run(lineage, SCALES["470m"], "470m", shards=Path("nowhere"))
    # 400B tokens, and what a last step takes in addition.
    assert f"{kept.chip_hours(2 * 47_684 * 512 * 8_192):,.0f} chip-hours in " in said
    assert f"{kept.hbm_bytes / 1e9:.1f} of 17.2 GB a chip" in said
    other = dataclasses.replace(SCALES["470m"], batch_size=1_024)
    assert "no prediction is kept for these settings on v5e:16x16" in tell_run(
        lineage, other, "470m", shards=Path("nowhere")
    )
    nano = tell_run(lineage, SCALES["nano"], "nano", shards=Path("nowhere"))
    assert "predict" not in nano


def test_a_prediction_says_that_it_is_one() -> None:
    for kept in all_kept():
        said = tell(kept)
        assert "time of a step, predicted" in said
        assert f"predicted: {kept.step_s:.3f} s a step" in said
        assert f"{kept.chip_hours():,.0f} chip-hours" in said
