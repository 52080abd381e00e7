"""Cooldown with code behind text-only: 40B tokens, learning rate down to 1e-6 (paper 3.5, Table 2).

    python -m train --exp experiments/text_only_cooldown_with_code.py
    python -m train --exp experiments/text_only_cooldown_with_code.py --scale 470m

At 470m: 1,024 TPU v5e chip-hours in the paper.
Expected: reasoning 54.1, knowledge 11.1, code 4.4 (Table 2).
"""

from experiments.mixes import BILLION, COOLDOWN_WITH_CODE
from train.experiment import Anneal, Experiment, Stage

experiment = Experiment(
    starts_from="text_only",
    stages=(Stage("cooldown", paper_tokens=40 * BILLION, mix=COOLDOWN_WITH_CODE, lr=Anneal(end_lr=1e-6)),),
)
