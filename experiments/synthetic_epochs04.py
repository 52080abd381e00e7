"""A fifth of synthetic code, repeated 4 times, and text, for 100B tokens (beyond the paper).

    python -m train --exp experiments/synthetic_epochs04.py
    python -m train --exp experiments/synthetic_epochs04.py --scale 470m

At 470m: 2,368 TPU v5e chip-hours by the paper's rate.
Asks what repetition costs. Needs 5B different tokens of synthetic code at 470m; the paper had 3.2B.
"""

from experiments.mixes import BILLION, TEXT_AND_SYNTHETIC
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=100 * BILLION, mix=TEXT_AND_SYNTHETIC),),
    epochs={"synthetic": 4},
)
