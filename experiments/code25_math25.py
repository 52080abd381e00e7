"""A quarter of mathematics beside a quarter of code, for 200B tokens, from scratch (beyond the paper).

    python -m train --exp experiments/code25_math25.py
    python -m train --exp experiments/code25_math25.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Asks whether more mathematics adds to code; compare with code25 and code25_math10.
"""

from experiments.mixes import BILLION, mix
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=200 * BILLION, mix=mix(code_percent=25, math_percent=25)),),
)
