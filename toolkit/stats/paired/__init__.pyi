from .counts import PairedCounts as PairedCounts
from .counts import paired_counts as paired_counts
from .differences import paired_difference_ci as paired_difference_ci
from .likelihood_ratios import (
    relative_negative_likelihood_ratio_ci as relative_negative_likelihood_ratio_ci,
)
from .likelihood_ratios import (
    relative_positive_likelihood_ratio_ci as relative_positive_likelihood_ratio_ci,
)
from .means import geometric_ratio_ci as geometric_ratio_ci
from .means import mean_difference_ci as mean_difference_ci
from .predictive_values import npv_difference_ci as npv_difference_ci
from .predictive_values import npv_ratio_ci as npv_ratio_ci
from .predictive_values import npv_score_test as npv_score_test
from .predictive_values import ppv_difference_ci as ppv_difference_ci
from .predictive_values import ppv_ratio_ci as ppv_ratio_ci
from .predictive_values import ppv_score_test as ppv_score_test
from .ratios import paired_ratio_ci as paired_ratio_ci
from .tests import McNemarTest as McNemarTest
from .tests import PairedTest as PairedTest
from .tests import conditional_odds_ratio_ci as conditional_odds_ratio_ci
from .tests import mcnemar as mcnemar
from .tests import mcnemar_joint as mcnemar_joint
