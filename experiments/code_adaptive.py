"""A quarter of code to begin with, weights set by ADO while it trains, over 200B tokens (beyond the paper).

    python -m train --exp experiments/code_adaptive.py
    python -m train --exp experiments/code_adaptive.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Asks whether weights by learning speed beat fixed ones; compare with code25, from whose mix it begins.
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Adaptive, Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=200 * BILLION, mix=text_and_code(code_percent=25)),),
    adaptive=Adaptive(),
)
