"""Cooldown without code behind text-only: 40B tokens, learning rate down to 1e-6 (paper 3.5, beyond its figures).

    python -m train --exp experiments/text_only_cooldown_without_code.py
    python -m train --exp experiments/text_only_cooldown_without_code.py --scale 470m

At 470m: 1,024 TPU v5e chip-hours in the paper.
Expected: no number is published.
"""

from experiments.mixes import BILLION, COOLDOWN_WITHOUT_CODE
from train.experiment import Anneal, Experiment, Stage

experiment = Experiment(
    starts_from="text_only",
    stages=(Stage("cooldown", paper_tokens=40 * BILLION, mix=COOLDOWN_WITHOUT_CODE, lr=Anneal(end_lr=1e-6)),),
)
