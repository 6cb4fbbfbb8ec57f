"""Which claims a study may make of its comparisons: plan, order, margins and multiplicity.

======================= ========================================================================
``EndpointPlan``        the claims of a study in their order, and how the secondary ones share alpha
``endpoint_verdicts``   what the plan lets its results claim
``fixed_sequence``      tests in order, each at the full level, until one does not reject
``adjusted_p_values``   Bonferroni, Holm, Hochberg, Benjamini-Hochberg
``simultaneous_level``  the level of intervals that hold together
``said``                which words a comparison may carry: the only place that decides it
``verdict_note``        where a test and an interval of one comparison disagree
======================= ========================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
