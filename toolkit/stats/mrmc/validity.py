"""Which covariance and which analysis is defined for which figure of merit and which design.

The table in the documentation is made from ``RULES``; everything else is refused by name.
"""

from __future__ import annotations

from typing import Literal

from toolkit.stats.roc import RatingFom, auc

Covariance = Literal["DeLong", "jackknife", "unbiased", "bootstrap", "none"]

COVARIANCES: tuple[Covariance, ...] = ("DeLong", "jackknife", "unbiased", "bootstrap", "none")

# Method, what it is defined for, what it is refused for and why.
RULES: tuple[tuple[str, str, str], ...] = (
    (
        "DeLong covariance",
        "empirical AUC; sensitivity and specificity at a threshold; patients after Obuchowski 1997",
        "other figures of merit: their placements do not exist",
    ),
    (
        "jackknife covariance",
        "smooth figures: AUC, partial AUC, sensitivity and specificity at a threshold, wAFROC, "
        "expected utility, AUC of a binormal or proper binormal fit",
        "quantiles such as sensitivity at a specificity, unless a peer is to be reproduced: it "
        "doubles their standard error",
    ),
    (
        "unbiased covariance, U-statistic and MLE variance, BDG degrees of freedom",
        "empirical AUC; sensitivity and specificity at a threshold",
        "other figures of merit, and cases that cluster in patients: their moments are others",
    ),
    (
        "bootstrap covariance",
        "every figure of merit, the threshold estimated anew in each resample",
        "fewer than 2,000 resamples",
    ),
    (
        "Obuchowski-Rockette, crossed",
        "fully crossed studies; cases nested in reader or in modality, in balanced groups",
        "missing readings: the averaged covariances are then of no design",
    ),
    (
        "Obuchowski-Rockette after Hillis 2014",
        "readers nested in modality, split plots, in balanced groups",
        "groups of different size: take the U-statistic",
    ),
    (
        "DBM",
        "fully crossed studies, smooth figures, independent cases",
        "missing readings, and patients with several cases",
    ),
    (
        "U-statistic (BDG), MLE",
        "any pattern of readings",
        "cases that cluster in patients",
    ),
    (
        "Obuchowski-Rockette with averaged covariances (`or_averaged`)",
        "reproducing MRMCaov where readings are missing",
        "any other purpose, and never by default: no design justifies it",
    ),
    (
        "one AI against readers",
        "one fixed AI and a random sample of readers of the same cases",
        "the AUC of readers with two levels of ratings, for it is one operating point",
    ),
    (
        "fixed readers (cases random)",
        "a statement on these very readers",
        "the primary analysis of a study that compares reading with and without AI",
    ),
    (
        "fixed cases (readers random)",
        "a statement on these very cases; needs no covariance",
        "one reader",
    ),
)


def is_share(fom: RatingFom) -> bool:
    """Whether a figure is a share of the cases of one class, as a sensitivity at a threshold."""
    return fom.uses != "all" and fom.smooth


def default_covariance(fom: RatingFom) -> Covariance:
    """Return the covariance that is taken if none is asked for."""
    if fom is auc or is_share(fom):
        return "DeLong"
    return "jackknife" if fom.smooth else "bootstrap"


def require_covariance(covariance: Covariance, fom: RatingFom, *, clustered: bool) -> None:
    """Refuse a covariance that is not defined for a figure of merit, by name."""
    exact = fom is auc or is_share(fom)
    if covariance in ("DeLong", "unbiased") and not exact:
        msg = (
            f"covariance={covariance!r} is defined for the empirical AUC and for sensitivity and "
            f"specificity at a threshold, not for {fom.__name__}; take "
            f"{default_covariance(fom)!r}"
        )
        raise ValueError(msg)
    if covariance == "unbiased" and clustered:
        msg = (
            "covariance='unbiased' needs independent cases, but some patients have several; take "
            "'DeLong', which then is that of Obuchowski (1997)"
        )
        raise ValueError(msg)


def require_patients(n_patients: int, n_cases: int) -> None:
    """Refuse repeated patients where an analysis takes cases as independent."""
    if n_patients < n_cases:
        msg = (
            f"{n_cases} cases are of {n_patients} patients, but the analysis takes cases as "
            "independent; give cluster= the patient of each case"
        )
        raise ValueError(msg)


def quantile_note(fom: RatingFom, covariance: Covariance) -> str:
    """Warn where a jackknife of a quantile was asked for; empty elsewhere."""
    if covariance != "jackknife" or fom.smooth:
        return ""
    return (
        f"the jackknife does not suit {fom.__name__}, which jumps where a case is left out: its "
        "standard error is about twice the true one; only to reproduce another program"
    )
