"""Bootstrap of cases, patients, readers, or readers and cases, for any figure of merit.

================================= =================================================================
``bootstrap_ci``                  interval of one figure
``bootstrap_test``                two figures of the same cases
``bootstrap_test_unpaired``       two figures of different cases
``stratified_bootstrap_variance`` the variance of an AUC without a draw
================================= =================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
