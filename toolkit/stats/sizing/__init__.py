"""How many cases and readers a study needs, by formula and by simulation.

========================= =========================================================================
``mrmc_sample_size``      readers and cases of a reader study; mrmc_power
``auc_sample_size``       one AUC or two; auc_power, auc_interval_size
``paired_sample_size``    two methods on the same cases; paired_power
``two_group_sample_size`` two groups; two_group_power
``power_by_simulation``   any analysis of simulated studies
========================= =========================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
