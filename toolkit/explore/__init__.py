"""Look at cases in JupyterLab; the pictures of the book are in ``toolkit.pictures``."""

from toolkit.explore.viewer import CaseViewer, case_viewer

__all__ = ["CaseViewer", "case_viewer"]
