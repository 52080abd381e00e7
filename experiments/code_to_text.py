"""Code -> text: from code alone, on to text with a tenth of code for 200B tokens (paper 3.1, Figures 2, 3, 8).

    python -m train --exp experiments/code_to_text.py
    python -m train --exp experiments/code_to_text.py --scale 470m

At 470m: 4,736 TPU v5e chip-hours by the paper's rate.
Expected: reasoning 53.3, knowledge 9.5, code 4.1 (Table 2).
"""

from experiments.mixes import BILLION, text_and_code
from train.experiment import Experiment, Stage

experiment = Experiment(
    starts_from="code100",
    stages=(Stage("continue", paper_tokens=200 * BILLION, mix=text_and_code(code_percent=10)),),
)
