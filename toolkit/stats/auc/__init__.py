"""The area under the ROC curve, curves and operating points of readers and AIs.

=========================== =======================================================================
``auc``                     the empirical area; partial_auc
``delong_ci``               with an interval; delong_ci_from_counts, mean_auc_ci
``delong_test``             two ratings of the same cases; delong_test_unpaired, delong_contrast
``roc_curve``               the curve; precision_recall_curve
``call_accuracy``           sensitivity, specificity and more of calls; operating_point at a cut-off
``youden_threshold``        cut-offs by a rule
``venkatraman_paired_test`` whether whole curves differ
=========================== =======================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
