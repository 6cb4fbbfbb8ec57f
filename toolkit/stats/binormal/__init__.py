"""Binormal ROC curves by maximum likelihood, conventional and proper.

====================== ============================================================================
``binormal_fit``       the conventional curve: two parameters and their covariance
``binormal_lr_fit``    the proper curve, which is concave
``fitted_curve``       points of either
``fitted_sensitivity`` and its kin: shares and areas on either, with intervals
====================== ============================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
