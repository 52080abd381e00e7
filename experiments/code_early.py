"""Code in the first half alone, half of it, over 200B tokens: a quarter in all (beyond the paper).

    python -m train --exp experiments/code_early.py
    python -m train --exp experiments/code_early.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Asks whether early or late code is worth more; compare with code25, which has as much of it.
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(
        Stage("first", paper_tokens=100 * BILLION, mix=text_and_code(code_percent=50)),
        # One learning-rate curve over both halves.
        Stage("second", paper_tokens=100 * BILLION, mix=text_and_code(code_percent=0), lr=None),
    ),
)
