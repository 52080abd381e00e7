"""Cooldown without code behind balanced -> text: 40B tokens, learning rate down to 1e-6 (paper 3.5, Figures 6, 7).

    python -m train --exp experiments/balanced_to_text_cooldown_without_code.py
    python -m train --exp experiments/balanced_to_text_cooldown_without_code.py --scale 470m

At 470m: 1,024 TPU v5e chip-hours in the paper.
Expected, against no cooldown: knowledge +3.1% (relative), win-rate 48.2%.
"""

from experiments.mixes import BILLION, COOLDOWN_WITHOUT_CODE
from train.experiment import Anneal, Experiment, Stage

experiment = Experiment(
    starts_from="balanced_to_text",
    stages=(Stage("cooldown", paper_tokens=40 * BILLION, mix=COOLDOWN_WITHOUT_CODE, lr=Anneal(end_lr=1e-6)),),
)
