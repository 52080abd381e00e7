"""Three quarters of code in 200B tokens, from scratch (paper 3.3, Figure 4).

    python -m train --exp experiments/code75.py
    python -m train --exp experiments/code75.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Expected, against no code: knowledge -31% (relative).
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=200 * BILLION, mix=text_and_code(code_percent=75)),),
)
