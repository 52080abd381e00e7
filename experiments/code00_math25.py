"""A quarter of mathematics and no code, for 200B tokens, from scratch (beyond the paper).

    python -m train --exp experiments/code00_math25.py
    python -m train --exp experiments/code00_math25.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Asks whether mathematics does what code does; compare with code00 and code25.
"""

from experiments.mixes import BILLION, mix
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(Stage("pretrain", paper_tokens=200 * BILLION, mix=mix(code_percent=0, math_percent=25)),),
)
