"""The simulated study, built in memory from one seed: invented women, readers and an AI.

``rates`` says what is true of it and where each figure comes from; ``assemble.demo_study``
returns its tables.
"""

from toolkit.demo.assemble import DEMO_TABLES, demo_study
from toolkit.demo.rates import DEMO_PLAN, DEMO_RATES, DEMO_SEED, DemoPlan, DemoRates

__all__ = [
    "DEMO_PLAN",
    "DEMO_RATES",
    "DEMO_SEED",
    "DEMO_TABLES",
    "DemoPlan",
    "DemoRates",
    "demo_study",
]
