"""Code fading out, from half to nothing, over 200B tokens: a quarter in all (beyond the paper).

    python -m train --exp experiments/code_fading_out.py
    python -m train --exp experiments/code_fading_out.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Asks whether early or late code is worth more; compare with code25, which has as much of it.
"""

from experiments.mixes import BILLION, text_and_code
from mixsched import Ramp
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(
        Stage(
            "pretrain",
            paper_tokens=200 * BILLION,
            mix=Ramp(text_and_code(code_percent=50), text_and_code(code_percent=0), "linear"),
        ),
    ),
)
