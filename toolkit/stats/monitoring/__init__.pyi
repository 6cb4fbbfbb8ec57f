from .accrual import AccrualProjection as AccrualProjection
from .accrual import accrual_scenarios as accrual_scenarios
from .accrual import planned_curve as planned_curve
from .accrual import project_accrual as project_accrual
from .control import Cusum as Cusum
from .control import FunnelLimits as FunnelLimits
from .control import cusum as cusum
from .control import cusum_limit as cusum_limit
from .control import funnel_limits as funnel_limits
from .stability import LargestGap as LargestGap
from .stability import StabilityIndex as StabilityIndex
from .stability import StandardizedDifference as StandardizedDifference
from .stability import kolmogorov_smirnov as kolmogorov_smirnov
from .stability import population_stability as population_stability
from .stability import share_limits as share_limits
from .stability import stability_limit as stability_limit
from .stability import standardized_difference as standardized_difference
from .stability import (
    standardized_difference_of_categories as standardized_difference_of_categories,
)
