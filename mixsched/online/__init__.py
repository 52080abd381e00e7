"""Weights that an algorithm sets while training runs, by the losses of the sources; `import mixsched` loads none of it.

An `Online` ties a plan to a rule (`DoReMi`, `ADO`, or a small class of your own that satisfies `Rule`). The rule sees
the losses, `Online` turns its weights into exact shares and amends the plan.

>>> from mixsched import Phase, Plan, Schedule, Steps
>>> schedule = Schedule((Phase("p", Steps(40), {"code": 0.5, "text": 0.5}),), batch_size=8, context_tokens=64)
>>> plan = Plan(schedule, {"code": 90, "text": 400}, seed=0)
>>> rule = DoReMi({"code": 1.0, "text": 2.0}, step_size=0.1)
>>> online = Online(plan, rule, every_steps=10, floor=0.125)
>>> for step in range(40):
...     batch = online.plan.batch(step)
...     amendment = online.observe(step, {"code": 1.5, "text": 2.0 + 1 / (step + 1)})
>>> [entry["decided"]["at_step"] for entry in online.log if entry["decided"]]
[10, 20, 30]
>>> online.plan.served(40).tolist(), [round(float(share), 3) for share in online.shares.values()]
([197, 123], [0.747, 0.253])
>>> again = Online.replay(plan, rule, online.log, every_steps=10, floor=0.125)
>>> again.plan.fingerprint == online.plan.fingerprint
True
"""

from mixsched.online.ado import ADO as ADO
from mixsched.online.doremi import DoReMi as DoReMi
from mixsched.online.online import Online as Online
from mixsched.online.rule import Feedback as Feedback
from mixsched.online.rule import Rule as Rule
from mixsched.online.scaling_law import PowerLaw as PowerLaw
