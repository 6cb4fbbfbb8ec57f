"""Proportions and rates: one, or two independent groups; units that count once, or cluster.

================================== ================================================================
``proportion_ci``                  one proportion, with an interval by seven methods
``weighted_proportion_ci``         cases with weights, or clustered in patients
``clustered_proportion_logit_ci``  ... with an interval on the logit scale
``mean_proportion_ci``             the mean of several fixed readers
``proportion_difference_ci``       two groups of different women, b minus a
``proportion_ratio_ci``            ... b over a
``rate_ci``                        events per time or per examinations, one rate
``rate_ratio_ci``                  ... of two groups, b over a
``two_group_test``                 a test alone: Fisher's, Pearson's
``association_test``               a table of any size: chi-square, Fisher's, Cramer's V
``trend_test``                     does the risk rise with the class of a score?
``clustered_difference_ci``        two groups of patients with several cases
``clustered_paired_difference_ci`` ... the same patients by two methods
``per_1000``                       a result per 1,000
================================== ================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
