"""A study while it runs: accrual, control charts, stability of scores.

======================== ==========================================================================
``project_accrual``      when the target is met; accrual_scenarios
``cusum``                rise or fall of a rate; cusum_limit
``funnel_limits``        readers around their common rate
``population_stability`` drift of a distribution; kolmogorov_smirnov, standardized_difference
======================== ==========================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
