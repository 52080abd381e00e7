"""A quarter of code in 200B tokens, from scratch: the best share for tasks that are not code (paper 3.3, Figure 4).

    python -m train --exp experiments/code25.py
    python -m train --exp experiments/code25.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours in the paper.
Expected, against no code: reasoning +3.4%, knowledge -3.4% (relative).
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=200 * BILLION, mix=text_and_code(code_percent=25)),),
)
