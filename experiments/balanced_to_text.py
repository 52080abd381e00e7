"""Balanced -> text: from half code, on to text with a tenth of code for 200B tokens (paper 3.1, Figures 2, 3, 8).

    python -m train --exp experiments/balanced_to_text.py
    python -m train --exp experiments/balanced_to_text.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Expected: reasoning 53.0, knowledge 9.9, code 4.8 (Table 2); wins 37.7% against text-only, loses 34.7% (Figure 8).
Figures 5b, 6 and 7 go on from it or are against it.
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    starts_from="code50",
    stages=(Stage("continue", paper_tokens=200 * BILLION, mix=text_and_code(code_percent=10)),),
)
