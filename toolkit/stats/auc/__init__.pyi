from .delong import AucCovariance as AucCovariance
from .delong import auc_covariance as auc_covariance
from .delong import delong_ci as delong_ci
