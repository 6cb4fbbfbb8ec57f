"""Reader studies of AI in mammography; import from the topic modules, for example toolkit.stats."""

__version__ = "0.1.0"
