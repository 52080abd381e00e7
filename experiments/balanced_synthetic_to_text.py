"""Balanced + synthetic -> text: on to text with a tenth of code, some of it synthetic (paper 3.4, Figure 5b).

    python -m train --exp experiments/balanced_synthetic_to_text.py
    python -m train --exp experiments/balanced_synthetic_to_text.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Expected, against balanced -> text: reasoning +2.0%, code +35.0% (relative).
"""

from experiments.mixes import BILLION, CODE_AND_SYNTHETIC, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    starts_from="balanced_synthetic",
    stages=(
        Stage("continue", paper_tokens=200 * BILLION, mix=text_and_code(code_percent=10, code=CODE_AND_SYNTHETIC)),
    ),
)
