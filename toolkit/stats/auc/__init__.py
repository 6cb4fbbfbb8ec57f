"""The area under the ROC curve, curves and operating points of readers and AIs.

============================== ==================================================================
``auc``                        the empirical area, with ties and weights
``delong_ci``                  with an interval; also from counts, and the mean of several readers
``delong_test``                two ratings of the same cases, paired, unpaired, contrasts
``roc_curve``                  the curve, parts of its area, precision and recall
``operating_points``           sensitivity and specificity at cut-offs, and cut-offs by a rule
============================== ==================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
