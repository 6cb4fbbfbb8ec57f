"""Two methods on the same cases: their proportions, predictive values and means compared.

========================================= =========================================================
``paired_counts``                         the paired table they start from, ``PairedCounts``
``paired_difference_ci``                  difference of two proportions
``paired_ratio_ci``                       ratio of two proportions
``mcnemar``                               McNemar tests; two at once: ``mcnemar_joint``
``conditional_odds_ratio_ci``             odds ratio of the discordant pairs
``ppv_ratio_ci``                          predictive values, positive; negative: ``npv_ratio_ci``
``ppv_difference_ci``                     ... their difference; ``npv_difference_ci``
``ppv_score_test``                        ... a test alone; ``npv_score_test``
``relative_positive_likelihood_ratio_ci`` likelihood ratios, positive and negative
``mean_difference_ci``                    means of paired values
``geometric_ratio_ci``                    ratios of paired times
========================================= =========================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
