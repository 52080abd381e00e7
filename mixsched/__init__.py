"""Exact, reproducible data mixtures for language-model pre-training.

Declare a `Schedule`, solve it into a `Plan`, read the plan through a door: `Plan.batch` and `iterate` (arrays),
`StepSource` (whole batches, and Grain's), `mixsched.grain` (Grain, sample by sample), `mixsched.torch`,
`mixsched.optax` (the learning rate). `mixsched.online` sets weights while training runs.
"""

from mixsched.amendment import Amendment as Amendment
from mixsched.curves import Constant as Constant
from mixsched.curves import Curve as Curve
from mixsched.curves import LinearAnneal as LinearAnneal
from mixsched.curves import WarmupCosine as WarmupCosine
from mixsched.curves import WarmupStableDecay as WarmupStableDecay
from mixsched.errors import UsageError as UsageError
from mixsched.forecast import Outlook as Outlook
from mixsched.forecast import outlook as outlook
from mixsched.forecast import plan_text as plan_text
from mixsched.lengths import Length as Length
from mixsched.lengths import Samples as Samples
from mixsched.lengths import Share as Share
from mixsched.lengths import Steps as Steps
from mixsched.lengths import Tokens as Tokens
from mixsched.limits import Limit as Limit
from mixsched.mixes import Mix as Mix
from mixsched.mixes import Ramp as Ramp
from mixsched.mixes import Table as Table
from mixsched.phase import Phase as Phase
from mixsched.placement import Placement as Placement
from mixsched.plan import Plan as Plan
from mixsched.pools import simulated_epoching as simulated_epoching
from mixsched.reading import RowSource as RowSource
from mixsched.recipes import cooldown as cooldown
from mixsched.recipes import fixed as fixed
from mixsched.recipes import two_phase as two_phase
from mixsched.schedule import Schedule as Schedule
from mixsched.shards import Manifest as Manifest
from mixsched.shards import Rows as Rows
from mixsched.shards import open_rows as open_rows
from mixsched.steps import StepSource as StepSource
from mixsched.table import phase_table as phase_table
from mixsched.table import schedule_table as schedule_table
from mixsched.walk import iterate as iterate
from mixsched.weights import Group as Group
from mixsched.weights import Weights as Weights

__version__ = "0.1.0"
