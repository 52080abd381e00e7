"""Half text, half code with a tenth of synthetic code, for 200B tokens, from scratch (paper 3.4, Figure 5b).

    python -m train --exp experiments/balanced_synthetic.py
    python -m train --exp experiments/balanced_synthetic.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Expected: no number is published; balanced+synthetic -> text starts from it.
"""

from experiments.mixes import BILLION, CODE_AND_SYNTHETIC, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    stages=(
        Stage("pretrain", paper_tokens=200 * BILLION, mix=text_and_code(code_percent=50, code=CODE_AND_SYNTHETIC)),
    ),
)
