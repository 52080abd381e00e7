"""Web code, a tenth of it replaced by code-adjacent data, for 200B tokens (paper 3.4, Figure 5a).

    python -m train --exp experiments/code_adjacent.py
    python -m train --exp experiments/code_adjacent.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Expected, against web code alone: reasoning +6.3%, code -9.4% (relative).
"""

from experiments.mixes import BILLION, web_code_and
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=200 * BILLION, mix=web_code_and("adjacent")),),
)
