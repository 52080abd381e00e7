"""Web code alone for 200B tokens: what the kinds of code are compared with (paper 3.4, Figure 5a).

    python -m train --exp experiments/code_web.py
    python -m train --exp experiments/code_web.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Expected: the baseline of Figure 5a; no absolute number is published.
"""

from experiments.mixes import BILLION
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=200 * BILLION, mix={"web_code": 1}),),
)
