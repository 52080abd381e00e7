"""Text alone for 400B tokens, from scratch: the baseline of Figures 2 and 8 (paper 3.1, Table 2).

    python -m train --exp experiments/text_only.py
    python -m train --exp experiments/text_only.py --scale 470m

At 470m: 9,472 TPU v5e chip-hours by the paper's rate.
Expected: reasoning 49.0, knowledge 9.5, code 0.4 (Table 2).
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=400 * BILLION, mix=text_and_code(code_percent=0)),),
)
