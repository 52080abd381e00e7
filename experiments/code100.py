"""Code alone for 200B tokens, from scratch (paper 3.3, Figure 4); code -> text starts from it (3.1).

    python -m train --exp experiments/code100.py
    python -m train --exp experiments/code100.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Expected: reasoning 44.7, knowledge 1.5, code 15.5 (Table 2);
against no code: reasoning -18.3%, knowledge -86%; code 2.6 times that of a quarter of code.
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=200 * BILLION, mix=text_and_code(code_percent=100)),),
)
