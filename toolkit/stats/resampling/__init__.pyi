from .bootstrap import bootstrap_ci as bootstrap_ci
from .bootstrap import bootstrap_test as bootstrap_test
from .bootstrap import bootstrap_test_unpaired as bootstrap_test_unpaired
from .bootstrap import bootstrap_values as bootstrap_values
from .variance import stratified_bootstrap_variance as stratified_bootstrap_variance
