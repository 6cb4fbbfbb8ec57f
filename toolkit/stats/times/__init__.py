"""Reading times of the same readers with two modalities.

========================= =========================================================================
``compare_reading_times`` ratio of times by analysis of variance, readers random
``reading_time_model``    the same by a mixed model, for gaps and repeated readings
========================= =========================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
