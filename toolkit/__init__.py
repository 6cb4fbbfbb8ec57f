"""Reader studies of AI in mammography; import from the topic packages, as ``toolkit.stats.auc``."""

from toolkit import _old_names

__version__ = "0.1.0"

_old_names.install()
