"""Simulated studies with a known truth.

==================== ==============================================================================
``roe_metz_model``   reader studies; roe_metz_ratings, roe_metz_moments
``binormal_ratings`` ratings of one reader or several
``paired_calls``     calls of two methods on the same cases
``tenths_scores``    scores of an AI in tenths
==================== ==============================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
