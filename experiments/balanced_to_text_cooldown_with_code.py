"""Cooldown with code behind balanced -> text: 40B tokens, learning rate down to 1e-6 (paper 3.5, Figures 6, 7).

    python -m train --exp experiments/balanced_to_text_cooldown_with_code.py
    python -m train --exp experiments/balanced_to_text_cooldown_with_code.py --scale 470m

At 470m: 1,024 TPU v5e chip-hours in the paper.
Expected: reasoning 54.9, knowledge 10.9, code 5.8 (Table 2).
Against no cooldown: reasoning +3.6%, knowledge +10.1%, code +20% (relative), win-rate 52.3%.
"""

from experiments.mixes import BILLION, COOLDOWN_WITH_CODE
from train.experiment import Anneal, Experiment, Stage

experiment = Experiment(
    starts_from="balanced_to_text",
    stages=(Stage("cooldown", paper_tokens=40 * BILLION, mix=COOLDOWN_WITH_CODE, lr=Anneal(end_lr=1e-6)),),
)
