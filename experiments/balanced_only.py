"""Half text, half code for 400B tokens, from scratch (paper 3.1, Figures 2, 3 and 8, Table 2).

    python -m train --exp experiments/balanced_only.py
    python -m train --exp experiments/balanced_only.py --scale 470m

At 470m: 9,472 TPU v5e chip-hours by the paper's rate.
Expected: reasoning 51.8, knowledge 8.1, code 9.0 (Table 2); wins 32.7% against text-only, loses 35.7% (Figure 8).
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=400 * BILLION, mix=text_and_code(code_percent=50)),),
)
