"""What the analyses of all chapters share: where tables come from, other analyses, a summary."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.results import Comparison


class Tables(Protocol):
    """The canonical tables of one part of a study, as ``load_tables`` returns them."""

    part: str

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a table that the part must have: cases, readers, readings and so on."""

    def optional(self, name: str) -> pd.DataFrame | None:
        """Return a table of the part, or None where it has none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """One analysis of a difference beside others of the same question.

    Parameters
    ----------
    name : str
        What the analysis is called.
    difference : Comparison
        b minus a; NaN with the reason in its note where it is undefined.
    flag : str
        Where its verdict is another than that of the primary analysis, in words; else empty.
    detail : str
        What is to be known of the method.
    """

    name: str
    difference: Comparison
    flag: str = ""
    detail: str = ""


class Summarised:
    """A study object that prints as a short summary, in a terminal and in JupyterLab."""

    @abstractmethod
    def summary(self) -> Mapping[str, str]:
        """Return what the object holds, label and value, in at most a dozen lines."""

    def __repr__(self) -> str:
        """Return the summary as text, a line each."""
        rows = self.summary()
        width = max(map(len, rows), default=0)
        lines = [f"  {label:<{width}}  {value}" for label, value in rows.items()]
        return "\n".join([type(self).__name__, *lines])

    def _repr_html_(self) -> str:
        """Return the summary as a small table."""
        rows = "".join(
            f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>"
            for label, value in self.summary().items()
        )
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"
