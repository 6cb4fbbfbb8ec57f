"""DeLong's covariance of empirical AUCs, and what follows from it for fixed readers.

Cases are random and independent, readers are fixed: a conclusion holds for these readers alone.
For a population of readers use the MRMC methods. Where both breasts of a woman are cases, or a
woman has several examinations, give ``cluster``; where cases were sampled, ``weight``.

=========================== =============================================================
``delong_ci``               the AUC of one reader
``delong_ci_from_counts``   the same from counts per rating
``mean_auc_ci``             the mean AUC of several readers of the same cases
``delong_test``             two ratings of the same cases
``delong_test_from_counts`` the same from counts per pair of ratings
``delong_mover_test``       the same with limits that hold for high AUCs and few cases
``delong_contrast``         two weighted means of AUCs, as an AI with the mean of readers
``delong_test_unpaired``    ratings of different cases, as in two sites
``auc_covariance``          all curves at once, for what builds on it
=========================== =============================================================
"""

from toolkit.stats._auc_ci import delong_ci, mean_auc_ci
from toolkit.stats._auc_counts import delong_ci_from_counts, delong_test_from_counts
from toolkit.stats._auc_covariance import AucCovariance, auc_covariance
from toolkit.stats._auc_mover import delong_mover_test
from toolkit.stats._auc_tests import delong_contrast, delong_test
from toolkit.stats._auc_unpaired import delong_test_unpaired

__all__ = [
    "AucCovariance",
    "auc_covariance",
    "delong_ci",
    "delong_ci_from_counts",
    "delong_contrast",
    "delong_mover_test",
    "delong_test",
    "delong_test_from_counts",
    "delong_test_unpaired",
    "mean_auc_ci",
]
