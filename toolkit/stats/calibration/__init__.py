"""Whether a score means what it says, and whether it is worth using.

============================ ======================================================================
``class_risk``               how many cancers are in each class of any score
``goodness_of_fit``          are classes filled as promised? ``weighted_goodness_of_fit``
``capture_curve``            how soon are the cancers found from the top down?
``reliability_curve``        of probabilities: the curve; ``isotonic_reliability``
``brier_score``              ... one number; ``scaled_brier_score``, ``brier_decomposition``
``calibration_in_the_large`` ... too high? ``observed_expected_ratio``
``calibration_slope``        ... too extreme? with ``calibration_intercept``
``calibration_test``         ... tests; ``hosmer_lemeshow_test``
``recalibrate``              turn a score into a probability
``net_benefit``              worth the false recalls? ``net_benefit_of_calls``
``net_benefit_difference``   ... than another? ``net_benefit_difference_of_calls``
``net_benefit_curve``        ... at any threshold; ``standardized_net_benefit``
============================ ======================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
