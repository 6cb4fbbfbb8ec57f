"""Figures of merit of localization by the name that a plan gives them."""

from __future__ import annotations

from typing import Literal

from toolkit.scoring.ratings import ScoringError
from toolkit.stats.froc.cut_figures import alroc_fom, lesion_sensitivity_fom, pcl_fom
from toolkit.stats.froc.figures_of_merit import (
    FrocFom,
    afroc,
    afroc1,
    hr_auc,
    hr_se,
    hr_sp,
    max_llf,
    max_nlf,
    wafroc,
    wafroc1,
)

Paradigm = Literal["FROC", "LROC"]
Endpoint = Literal[
    "wAFROC",
    "wAFROC1",
    "AFROC",
    "AFROC1",
    "HrAuc",
    "HrSe",
    "HrSp",
    "MaxLLF",
    "MaxNLF",
    "lesion_sensitivity",
    "ALROC",
    "PCL",
]

_PLAIN: dict[str, FrocFom] = {
    "wAFROC": wafroc,
    "wAFROC1": wafroc1,
    "AFROC": afroc,
    "AFROC1": afroc1,
    "HrAuc": hr_auc,
    "HrSe": hr_se,
    "HrSp": hr_sp,
    "MaxLLF": max_llf,
    "MaxNLF": max_nlf,
}
# Name and unit of a result: areas are read as an index, shares as a percentage.
QUANTITIES: dict[Endpoint, tuple[str, str]] = {
    "wAFROC": ("wafroc", "probability"),
    "wAFROC1": ("wafroc1", "probability"),
    "AFROC": ("afroc", "probability"),
    "AFROC1": ("afroc1", "probability"),
    "HrAuc": ("hr_auc", "probability"),
    "HrSe": ("hr_se", "probability"),
    "HrSp": ("hr_sp", "probability"),
    "MaxLLF": ("max_llf", "probability"),
    "MaxNLF": ("max_nlf", "marks per image"),
    "lesion_sensitivity": ("lesion_sensitivity", "probability"),
    "ALROC": ("alroc", "probability"),
    "PCL": ("pcl", "probability"),
}
_OF_PARADIGM: dict[Paradigm, tuple[str, ...]] = {
    "FROC": (*_PLAIN, "lesion_sensitivity"),
    "LROC": ("ALROC", "PCL", "HrAuc"),
}


def require_endpoint(
    endpoint: Endpoint,
    *,
    paradigm: Paradigm,
    nl_per_image: float | None,
    fraction: float | None,
) -> None:
    """Refuse an endpoint that the paradigm has not, or that lacks the place it is read off at.

    Raises
    ------
    ScoringError
        With what is needed.
    """
    known = _OF_PARADIGM[paradigm]
    if endpoint not in known:
        msg = (
            f"endpoint must be one of {', '.join(known)} where the paradigm is {paradigm}, but got "
            f"{endpoint!r}"
        )
        raise ScoringError(msg)
    lacking = {
        "lesion_sensitivity": ("nl_per_image", nl_per_image),
        "PCL": ("false_positive_fraction", fraction),
    }
    name, value = lacking.get(endpoint, ("", 0.0))
    if value is None:
        msg = f"endpoint {endpoint!r} needs {name}, where it is read off, but there is none"
        raise ScoringError(msg)


def fom_of(
    endpoint: Endpoint,
    *,
    nl_per_image: float | None = None,
    fraction: float | None = None,
    lowest: bool = False,
) -> FrocFom:
    """Return a figure of merit by its name.

    Parameters
    ----------
    endpoint : str
        One of the plan's names.
    nl_per_image, fraction : float or None
        Where it is read off, or ends; the area under the whole LROC curve without a fraction.
    lowest : bool
        Whether PCL is read off the lower end of a vertical step, as RJafroc does.

    Raises
    ------
    ScoringError
        If the place it is read off at is not given.

    Examples
    --------
    >>> fom_of("PCL", fraction=0.2).name
    'PCL at FPF 0.2'
    """
    if endpoint in _PLAIN:
        return _PLAIN[endpoint]
    if endpoint == "ALROC":
        return alroc_fom(false_positive_fraction=1.0 if fraction is None else fraction)
    paradigm: Paradigm = "LROC" if endpoint == "PCL" else "FROC"
    require_endpoint(endpoint, paradigm=paradigm, nl_per_image=nl_per_image, fraction=fraction)
    if endpoint == "PCL":
        step: Literal["highest", "lowest"] = "lowest" if lowest else "highest"
        return pcl_fom(false_positive_fraction=fraction or 0.0, step=step)
    return lesion_sensitivity_fom(nl_per_image=nl_per_image or 0.0)
