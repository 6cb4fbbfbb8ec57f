"""The numbers that the demo's book displays, computed again from its tables.

Nothing here comes from the statistics, the scoring or the chapters of the toolkit: every formula is
written out below, from the paper named with it.
"""

from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

from tests.printed_numbers import Page
from toolkit.demo import demo_study

Z = float(stats.norm.ppf(0.975))
CUTOFF = 9.5  # of the AI's score, in the demo's parameters
INF = float("inf")


# Formulas


def wilson(events: float, n: float) -> tuple[float, float, float]:
    """Return a share and its score limits (Wilson, JASA 1927;22:209-212)."""
    p = events / n
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return p, middle - reach, middle + reach


def percent(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(100 * value for value in values)


def weighted_share(
    event: pd.Series, weight: pd.Series, woman: pd.Series, event_weight: float | None = None
) -> tuple[float, float, float]:
    """Return a weighted share and Wilson's limits on its effective number of cases.

    The variance is that of a ratio of totals, linearised, women drawn independently (Dean and
    Pagano, J Surv Stat Methodol 2015;3:484-503). Without an event each woman counts once, and the
    cases stand for as many as one with the event would.
    """
    total = weight.sum()
    p = (weight * event).sum() / total
    if p in (0, 1):
        heaviest = event_weight if p == 0 and event_weight else weight.max()
        return wilson(p * total / heaviest, total / heaviest * woman.nunique() / len(woman))
    by_woman = (weight * (event - p) / total).groupby(woman).sum()
    n = len(by_woman)
    variance = n / (n - 1) * (by_woman**2).sum()
    effective = p * (1 - p) / variance
    return wilson(p * effective, effective)


def placements(truth: np.ndarray, rating: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of each case of both classes the share of the other that it is apart from."""
    x, y = rating[truth == 1][:, None], rating[truth == 0][None, :]
    apart = (x > y) + (x == y) / 2
    return apart.mean(axis=1), apart.mean(axis=0)


def delong(truth: np.ndarray, ratings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return AUCs and their covariance, a column a reading (DeLong, Biometrics 1988;44:837-845)."""
    both = [placements(truth, rating) for rating in ratings.T]
    sick, healthy = (np.array([one[side] for one in both]) for side in (0, 1))
    covariance = np.cov(sick) / sick.shape[1] + np.cov(healthy) / healthy.shape[1]
    return sick.mean(axis=1), np.atleast_2d(covariance)


def of_calls(truth: np.ndarray, calls: np.ndarray, value: int) -> tuple[np.ndarray, np.ndarray]:
    """Return shares of right calls among cases of one truth, with their covariance."""
    right = (calls[truth == value] == value).astype(float)
    return right.mean(axis=0), np.cov(right.T) / len(right)


def logit_limits(auc: float, variance: float, df: float) -> tuple[float, float, float]:
    """Return an AUC and its Wald limits on the logit scale, delta method."""
    reach = stats.t.ppf(0.975, df) * np.sqrt(variance) / (auc * (1 - auc))
    return auc, *special.expit(special.logit(auc) + np.array([-reach, reach]))


def covariance_parts(covariance: np.ndarray, n_readers: int) -> tuple[float, ...]:
    """Return variance and Cov1 to Cov3 of two modalities; columns by modality, then reader."""
    blocks = covariance.reshape(2, n_readers, 2, n_readers)
    own = (blocks[0, :, 0] + blocks[1, :, 1]) / 2
    across = (blocks[0, :, 1] + blocks[1, :, 0]) / 2
    pairs = n_readers * (n_readers - 1)
    return (
        np.trace(own) / n_readers,
        np.trace(across) / n_readers,
        (own.sum() - np.trace(own)) / pairs,
        (across.sum() - np.trace(across)) / pairs,
    )


def interval(estimate: float, variance: float, df: float) -> dict[str, float]:
    """Return estimate, error, limits, df and P of a Wald analysis."""
    error = float(np.sqrt(variance))
    reach = (Z if df == INF else stats.t.ppf(0.975, df)) * error
    statistic = abs(estimate) / error
    tail = stats.norm.sf(statistic) if df == INF else stats.t.sf(statistic, df)
    limits = {"low": estimate - reach, "high": estimate + reach}
    return {"estimate": estimate, "error": error, "df": df, "p": 2 * float(tail), **limits}


def modalities_compared(values: np.ndarray, covariance: np.ndarray) -> dict[str, dict]:
    """Compare two modalities (Obuchowski and Rockette 1995; df of Hillis, Stat Med 2007;26:596).

    ``values`` has shape (2, n_readers). Var = 2 (MS(TR) + J max(Cov2 - Cov3, 0)) / J.
    """
    j = values.shape[1]
    variance, cov1, cov2, cov3 = covariance_parts(covariance, j)
    gain = values[1] - values[0]
    mean_square = gain.var(ddof=1) / 2  # of two modalities, MS(TR)
    error = mean_square + j * max(cov2 - cov3, 0)
    fixed = variance - cov1 + (j - 1) * (cov2 - cov3)
    df = (j - 1) * (error / mean_square) ** 2
    return {
        "both random": interval(gain.mean(), 2 * error / j, df),
        "readers random": interval(gain.mean(), 2 * mean_square / j, j - 1),
        "cases random": interval(gain.mean(), 2 * fixed / j, INF),
    }


def mean_of_readers(values: np.ndarray, covariance: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of one modality with logit limits (Hillis 2007, section 5.3)."""
    j = values.size
    cov2 = (covariance.sum() - np.trace(covariance)) / (j * (j - 1))
    mean_square = values.var(ddof=1)
    variance = mean_square + j * max(cov2, 0)
    df = (j - 1) * (variance / mean_square) ** 2
    return logit_limits(values.mean(), variance / j, df)


def ai_compared(values: np.ndarray, covariance: np.ndarray) -> dict[str, dict]:
    """Compare the last column, the AI, with the mean of the others (Hillis 2007, one modality)."""
    j = values.size - 1
    contrast = np.column_stack([-np.eye(j), np.ones(j)])  # AI minus each reader
    gain, own = contrast @ values, contrast @ covariance @ contrast.T
    cov2 = (own.sum() - np.trace(own)) / (j * (j - 1))
    mean_square = gain.var(ddof=1)
    variance = mean_square + j * max(cov2, 0)
    df = (j - 1) * (variance / mean_square) ** 2
    return {
        "both random": interval(gain.mean(), variance / j, df),
        "cases random": interval(gain.mean(), own.sum() / j**2, INF),
    }


def tango(only_b: int, only_a: int, n: int) -> tuple[float, float, float]:
    """Return b minus a of paired shares with score limits (Tango, Stat Med 1998;17:891-908)."""

    def score(delta: float) -> float:
        a = 2 * n
        b = -only_b - only_a + (2 * n - only_b + only_a) * delta
        c = -only_a * delta * (1 - delta)
        q = (np.sqrt(b * b - 4 * a * c) - b) / (2 * a)
        spread = n * (2 * q + delta * (1 - delta))
        return (only_b - only_a - n * delta) / np.sqrt(spread)

    estimate = (only_b - only_a) / n
    low = optimize.brentq(lambda d: score(d) - Z, -1 + 1e-9, estimate, xtol=1e-14)
    high = optimize.brentq(lambda d: score(d) + Z, estimate, 1 - 1e-9, xtol=1e-14)
    return estimate, low, high


def tang(both: int, only_b: int, only_a: int) -> tuple[float, float, float]:
    """Return b over a of paired shares with score limits (Tang et al., Stat Med 2003;22:1217)."""
    n = both + only_b + only_a  # the pairs with neither say nothing

    def score(ratio: float) -> float:
        def cells(a: float) -> tuple[float, float]:
            """Return both and only b where both + only b = ratio (both + a)."""
            b = (a - (1 - ratio) * n) / ratio
            return n - a - b, b

        def slope(a: float) -> float:  # of the log-likelihood
            x, b = cells(a)
            return only_a / a + only_b / (ratio * b) - both * (1 + 1 / ratio) / x

        least, most = max(0.0, (1 - ratio) * n), n / (1 + ratio)
        nudge = 1e-12 * (most - least)
        a = optimize.brentq(slope, least + nudge, most - nudge, xtol=1e-13)
        x, b = cells(a)
        spread = (1 - ratio) ** 2 * x + b + ratio**2 * a
        return (both + only_b - ratio * (both + only_a)) / np.sqrt(spread)

    estimate = (both + only_b) / (both + only_a)
    low = optimize.brentq(lambda r: score(r) - Z, estimate / 20, estimate)
    high = optimize.brentq(lambda r: score(r) + Z, estimate, estimate * 20)
    return estimate, low, high


def mcnemar(only_b: int, only_a: int) -> tuple[float, float]:
    """Return the mid-P and the exact P (Fagerland, BMC Med Res Methodol 2013;13:91)."""
    n, fewer = only_b + only_a, min(only_b, only_a)
    up_to, at = stats.binom.cdf(fewer, n, 0.5), stats.binom.pmf(fewer, n, 0.5)
    return 2 * up_to - at, min(1.0, 2 * up_to)


def predictive_values(truth: np.ndarray, calls: np.ndarray) -> dict[str, tuple[float, ...]]:
    """Compare two PPVs by the delta method (Moskowitz and Pepe, Clin Trials 2006;3:272-279)."""
    ppv = (truth[:, None] * calls).sum(axis=0) / calls.sum(axis=0)
    influence = calls * (truth[:, None] - ppv) / calls.sum(axis=0)
    error = np.sqrt(((influence[:, 1] - influence[:, 0]) ** 2).sum())
    relative = influence / ppv
    log_error = np.sqrt(((relative[:, 1] - relative[:, 0]) ** 2).sum())
    difference, ratio = ppv[1] - ppv[0], ppv[1] / ppv[0]
    return {
        "each": tuple(ppv),
        "difference": (difference, difference - Z * error, difference + Z * error),
        "ratio": (ratio, *(ratio * np.exp([-Z * log_error, Z * log_error]))),
    }


def mean_over_both(table: np.ndarray) -> dict[str, float]:
    """Return the mean of (cases, readers), both random, on Satterthwaite's df (1946;2:110)."""
    k, j = table.shape
    by_case, by_reader = table.mean(axis=1), table.mean(axis=0)
    ms_case, ms_reader = j * by_case.var(ddof=1), k * by_reader.var(ddof=1)
    rest = table - by_case[:, None] - by_reader + table.mean()
    ms_rest = (rest**2).sum() / ((k - 1) * (j - 1))
    parts = [(ms_reader, j - 1)]
    if ms_case > ms_rest:
        parts += [(ms_case, k - 1), (-ms_rest, (k - 1) * (j - 1))]
    total = sum(part for part, _ in parts)
    df = total**2 / sum(part**2 / own for part, own in parts)
    return interval(table.mean(), total / (k * j), max(df, min(k, j) - 1))


def agreement(codes: np.ndarray, n_categories: int) -> dict[str, tuple[float, ...]]:
    """Return Gwet's AC1 and Fleiss' kappa, t limits (Gwet, Br J Math Stat Psychol 2008;61:29).

    ``codes`` (cases, readers) from 0; NaN where a reader did not read. Every case has two readings.
    """
    counts = np.stack([(codes == k).sum(axis=1) for k in range(n_categories)], axis=1)
    n_read = counts.sum(axis=1)
    same = (counts * (counts - 1)).sum(axis=1) / (n_read * (n_read - 1))
    shares = counts / n_read[:, None]
    common = shares.mean(axis=0)
    chances = {
        "ac1": (shares @ (1 - common) / (n_categories - 1)),
        "kappa": shares @ common,
    }
    found: dict[str, tuple[float, ...]] = {"same": (float(same.mean()),)}
    for name, own in chances.items():
        chance = own.mean()
        value = (same.mean() - chance) / (1 - chance)
        each = (same - chance) / (1 - chance)
        each = each - 2 * (1 - value) * (own - chance) / (1 - chance)
        n = len(each)
        reach = stats.t.ppf(0.975, n - 1) * np.sqrt(((each - value) ** 2).sum() / (n * (n - 1)))
        found[name] = (value, value - reach, value + reach)
    return found


def standardised(groups: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the difference of means in pooled standard deviations (Austin 2009)."""
    a, b = groups
    return abs(a.mean() - b.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)


def standardised_categories(a: pd.Series, b: pd.Series) -> float:
    """Return the distance of two multinomial shares (Yang and Dalton, SAS Global Forum 2012)."""
    names = sorted(set(a.dropna()) | set(b.dropna()))[1:]
    shares = [np.array([(group.dropna() == name).mean() for name in names]) for group in (a, b)]
    covariance = sum(np.diag(p) - np.outer(p, p) for p in shares) / 2
    gap = shares[0] - shares[1]
    return float(np.sqrt(gap @ np.linalg.solve(covariance, gap)))


# What the tables hold


@cache
def study() -> dict[str, dict[str, pd.DataFrame]]:
    return demo_study()


def wide(part: str, modality: str, column: str) -> pd.DataFrame:
    """Return the complete readings of a modality, a row a case and a column a reader."""
    readings = study()[part]["readings"]
    chosen = readings[(readings["modality"] == modality) & (readings["status"] == "complete")]
    return chosen.pivot_table(index="case_id", columns="reader_id", values=column, sort=False)


@cache
def reader_study() -> dict[str, np.ndarray]:
    """Return truth, and ratings and calls by modality, all in the order of cases and readers."""
    cases = study()["reader_study"]["cases"].set_index("case_id")
    people = study()["reader_study"]["readers"]
    people = people.loc[people["kind"] == "human", "reader_id"]
    found = {"truth": cases["truth"].to_numpy(float)}
    for modality in ("unaided", "aided"):
        for column in ("rating", "call", "reading_time_s"):
            of_case = wide("reader_study", modality, column).loc[cases.index]
            found[f"{modality} {column}"] = of_case[people].to_numpy(float)
    found["AI"] = (
        wide("reader_study", "standalone", "rating").loc[cases.index].to_numpy(float)[:, 0]
    )
    return found


def first(texts: str, values: dict[str, float]) -> tuple[float, ...]:
    return tuple(values[text] for text in texts.split())


# The chapters


def check_00(page: Page) -> None:
    parts = study().values()
    title = "Tables of the study"
    n_tables = sum(len(part) for part in parts)
    n_rows = sum(len(table) for part in parts for table in part.values())
    page.says("# tables with # rows, in three parts", n_tables, n_rows)
    page.fact("Readings", sum(len(part["readings"]) for part in parts))
    states = pd.concat([part["readings"]["status"] for part in parts]).value_counts()
    page.fact("Failed or missing", states["failed"], states["missing"])
    for part, tables in study().items():
        heading = f"{part.replace('_', ' ').capitalize()} part"
        for name, table in tables.items():
            row = page.row(title, f"{heading}: {name}")
            row.is_("Rows", len(table)).is_("Columns", table.shape[1])
        kind = tables["readings"]["reader_id"].map(tables["readers"].set_index("reader_id")["kind"])
        for (who, modality), own in tables["readings"].groupby([kind, "modality"]):
            name = "AI" if who == "ai" else "readers"
            row = page.row("Readings, by reading condition", f"{heading}: {name}, {modality}")
            state = own["status"].value_counts()
            row.is_("Complete", state["complete"]).is_("All", len(own))
            row.is_("Failed", state.get("failed", 0)).is_("Missing", state.get("missing", 0))
            row.is_("Rating", own["rating"].notna().sum()).is_("Call", own["call"].notna().sum())


def check_07(page: Page) -> None:
    data = reader_study()
    truth, j = data["truth"], data["unaided rating"].shape[1]
    both = {
        name: np.hstack([data[f"unaided {name}"], data[f"aided {name}"]])
        for name in ("rating", "call")
    }
    figures = {
        "AUC": delong(truth, both["rating"]),
        "Sensitivity (%)": of_calls(truth, both["call"], 1),
        "Specificity (%)": of_calls(truth, both["call"], 0),
    }
    for label, (values, covariance) in figures.items():
        scale = 1 if label == "AUC" else 100
        gain = modalities_compared(values.reshape(2, j), covariance)["both random"]
        row = page.row("Means of the readers in both modalities", label)
        for place, modality in enumerate(("Unaided reading", "Aided reading")):
            own = slice(place * j, (place + 1) * j)
            mean, low, high = mean_of_readers(values[own], covariance[own, own])
            row.is_(f"{modality}: Mean", scale * mean)
            row.is_(f"{modality}: 95% CI", scale * low, scale * high)
        row.is_("Difference: Estimate", scale * gain["estimate"])
        row.is_("Difference: 95% CI", scale * gain["low"], scale * gain["high"])
        row.is_("P", gain["p"])
    check_07_readers(page, figures)
    values, covariance = figures["AUC"]
    compared = modalities_compared(values.reshape(2, j), covariance)
    analyses = {
        "Readers and cases random; DeLong": "both random",
        "These cases only, readers random": "readers random",
        "These readers only, cases random; DeLong": "cases random",
    }
    for label, name in analyses.items():
        row = page.row("Difference in AUC: the analysis of the answer", label)
        row.is_("Difference", compared[name]["estimate"]).is_("SE", compared[name]["error"])
        row.is_("95% CI", *first("low high", compared[name]))
        row.is_("df", compared[name]["df"]).is_("P", compared[name]["p"])
    check_07_components(page, values.reshape(2, j), covariance)
    page.says(
        "The mean AUC of # readers was # for unaided reading and # for aided reading: a "
        "difference of # (95% CI ##)",
        *(j, values[:j].mean(), values[j:].mean()),
        *first("estimate low high", compared["both random"]),
    )
    specialist = study()["reader_study"]["readers"].query("kind == 'human'")["specialist"]
    for kind, name in ((1, "breast"), (0, "general")):
        chosen = np.tile(specialist.to_numpy() == kind, 2)
        own = values[chosen].reshape(2, -1), covariance[np.ix_(chosen, chosen)]
        page.says(
            f"{name} radiologists (#) # (95% CI ##)",
            chosen.sum() // 2,
            *first("estimate low high", modalities_compared(*own)["both random"]),
        )


def check_07_readers(page: Page, figures: dict) -> None:
    for label, n in (("Sensitivity", 100), ("Specificity", 140)):
        values, covariance = figures[f"{label} (%)"]
        j = values.size // 2
        under = f"{label} (%, N = {n})"
        for reader in range(j):
            row = page.row("Recall calls of each reader in both modalities", f"R{reader + 1}")
            a, b = values[reader], values[reader + j]
            spread = covariance[[reader, reader + j]][:, [reader, reader + j]]
            gain = interval(b - a, spread[0, 0] + spread[1, 1] - 2 * spread[0, 1], INF)
            row.is_(f"{under}: Unaided", 100 * a).is_(f"{under}: Aided", 100 * b)
            row.is_(f"{under}: Diff.", 100 * (b - a))
            row.is_(f"{under}: 95% CI", 100 * gain["low"], 100 * gain["high"])


def check_07_components(page: Page, values: np.ndarray, covariance: np.ndarray) -> None:
    """Check the variance components, from expected mean squares (Hillis 2007)."""
    j = values.shape[1]
    variance, cov1, cov2, cov3 = covariance_parts(covariance, j)
    ms_reader = 2 * values.mean(axis=0).var(ddof=1)
    ms_both = (values[1] - values[0]).var(ddof=1) / 2
    parts = {
        "Between readers": (ms_reader - ms_both) / 2 - cov1 + cov3,
        "Reader × modality": ms_both - variance + cov1 + cov2 - cov3,
        "Over cases, one reader in one modality": variance,
        "Covariance: same reader, other modality": cov1,
        "Covariance: other reader, same modality": cov2,
        "Covariance: other reader, other modality": cov3,
    }
    for label, value in parts.items():
        page.row("Variance components", label).is_("Estimate × 1,000", 1000 * value)


def check_06(page: Page) -> None:
    data = reader_study()
    truth, calls = data["truth"], data["unaided call"]
    ratings = np.column_stack([data["unaided rating"], data["AI"]])
    j, n, n_sick = calls.shape[1], len(truth), int(truth.sum())
    panel = (calls.mean(axis=1) > 0.5).astype(float)
    # The AI's cut-off: the lowest at least as specific as the panel.
    right = ((1 - panel) * (1 - truth)).sum()
    cutoff = min(c for c in np.unique(data["AI"]) if (data["AI"][truth == 0] < c).sum() >= right)
    marked = (data["AI"] >= cutoff).astype(float)
    aucs, covariance = delong(truth, ratings)
    named = {"AI alone": marked, "Readers: panel": panel}
    named |= {f"R{reader + 1}": calls[:, reader] for reader in range(j)}
    title = "Accuracy of the AI and of each reader"
    for label, call in named.items():
        row = page.row(title, label)
        for side, of, value in (("Sensitivity", n_sick, 1), ("Specificity", n - n_sick, 0)):
            k = int((call[truth == value] == value).sum())
            share = percent(wilson(k, of))
            row.is_(f"{side}: n/N", k, of).is_(f"{side}: %", share[0])
            row.is_(f"{side}: 95% CI", *share[1:])
        if label != "Readers: panel":
            place = j if label == "AI alone" else int(label[1:]) - 1
            auc, low, high = auc_limits(truth, ratings[:, place])
            row.is_("AUC: AUC", auc).is_("AUC: 95% CI", low, high)
    figures = {"AUC": (aucs, covariance)}
    all_calls = np.column_stack([calls, marked])
    for side, value in (("Sensitivity", 1), ("Specificity", 0)):
        figures[side] = of_calls(truth, all_calls, value)
    row = page.row(title, "Readers: mean")
    for side, (values, own) in figures.items():
        scale = 1 if side == "AUC" else 100
        mean, low, high = mean_of_readers(values[:-1], own[:-1, :-1])
        row.is_(f"{side}: {'AUC' if side == 'AUC' else '%'}", scale * mean)
        row.is_(f"{side}: 95% CI", scale * low, scale * high)
    check_06_analyses(page, figures)
    check_06_pairs(page, truth, marked, panel)


def auc_limits(truth: np.ndarray, rating: np.ndarray) -> tuple[float, float, float]:
    """Return an AUC with DeLong's variance, logit limits and Satterthwaite's t."""
    parts = [part.var(ddof=1) / part.size for part in placements(truth, rating)]
    sizes = [(truth == value).sum() for value in (1, 0)]
    df = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, sizes, strict=True))
    return logit_limits(placements(truth, rating)[0].mean(), sum(parts), df)


def check_06_analyses(page: Page, figures: dict) -> None:
    names = {"AUC": ("AUC", "; DeLong"), "Sensitivity": ("Sensitivity, percentage points", "")}
    names["Specificity"] = ("Specificity, percentage points", "")
    for side, (heading, covariance) in names.items():
        scale = 1 if side == "AUC" else 100
        compared = ai_compared(*figures[side])
        own = figures[side][0]
        for name, label in (
            ("both random", "Readers and cases random"),
            ("cases random", "These readers only, cases random"),
        ):
            row = page.row("The AI and the mean of the readers", f"{heading}: {label}{covariance}")
            found = compared[name]
            row.is_("Readers", scale * own[:-1].mean()).is_("AI", scale * own[-1])
            row.is_("AI minus readers", scale * found["estimate"])
            row.is_("95% CI", scale * found["low"], scale * found["high"])
            row.is_("df", found["df"]).is_("P", found["p"])
    aucs = figures["AUC"][0]
    page.says(
        "AUC was # for the mean of # readers and # for the AI: a difference of # (95% CI ##)",
        *(aucs[:-1].mean(), aucs.size - 1, aucs[-1]),
        *first("estimate low high", ai_compared(*figures["AUC"])["both random"]),
    )


def check_06_pairs(page: Page, truth: np.ndarray, ai: np.ndarray, other: np.ndarray) -> None:
    title = "The AI and the panel of 10 readers, paired by examination"
    for value, part, side in ((1, "With cancer", "Sensitivity"), (0, "Without", "Specificity")):
        a, b = other[truth == value], ai[truth == value]
        cells = {(i, k): int(((b == i) & (a == k)).sum()) for i in (1, 0) for k in (1, 0)}
        for i, label in ((1, "AI recalls"), (0, "AI does not")):
            row = page.row(title, label, part)
            row.is_("Panel recalls", cells[i, 1]).is_("Panel does not", cells[i, 0])
        right_only_b, right_only_a = cells[value, 1 - value], cells[1 - value, value]
        page.says(
            f"{side}, AI minus the panel of 10 readers: # points (95% CI ##; McNemar mid-P P #, "
            "exact P #)",
            *percent(tango(right_only_b, right_only_a, a.size)),
            *mcnemar(right_only_b, right_only_a),
        )


def check_02(page: Page) -> None:
    cases = study()["retrospective"]["cases"].set_index("case_id")
    score = wide("retrospective", "standalone", "rating").iloc[:, 0].reindex(cases.index)
    known, scored = cases["truth"].notna(), score.notna()
    n, judged = len(cases), int((known & scored).sum())
    page.says("# of # (#%) examinations have an AI score", judged, n, 100 * judged / n)
    page.says(
        "Of the other #, # lack only the diagnosis, # only the AI score and # both",
        *(n - judged, (~known & scored).sum(), (known & ~scored).sum(), (~known & ~scored).sum()),
    )
    cancer = cases["truth"] == 1
    page.fact("Cancers", cancer.sum(), (cancer & scored).sum())
    free = cases["truth"] == 0
    timed = cases["truth_source"].str.startswith("follow_up", na=True)
    short = free & timed & (cases["follow_up_months"] < 24)
    page.says("# of # (#%) examinations counted as without", *share_of(short, free))
    by_woman = cases.groupby("patient_id")["exam_date"]
    page.fact("Women", by_woman.ngroups)
    groups = (cases.index == cases.index, cancer, ~cancer)
    columns = (f"All, N = {n:,}", f"Cancer, N = {cancer.sum()}")
    columns += (f"No cancer or not known, N = {(~cancer).sum():,}",)
    title = "Examinations, by final diagnosis"
    for label, values in (
        ("Age, years: median (IQR)", cases["age_years"]),
        ("AI score: median (IQR)", score),
    ):
        row = page.row(title, label)
        for column, group in zip(columns, groups, strict=True):
            row.is_(column, *np.nanquantile(values[group], [0.5, 0.25, 0.75]))
        found = [values[group].dropna().to_numpy() for group in groups[1:]]
        row.is_("SMD", standardised(found))
    earlier = cases["exam_date"] > by_woman.transform("min")
    rows = {"Earlier examination in these data, n (%)": earlier, "No score": ~scored}
    named = {"density": "Breast density", "indication": "Indication", "site": "Site"}
    named["device"] = "Mammography system"
    for name, label in named.items():
        for value in cases[name].dropna().unique():
            shown = str(value).replace("_", "-")
            rows[shown[0].upper() + shown[1:]] = cases[name] == value
        distance = standardised_categories(cases[name][cancer], cases[name][~cancer])
        page.row(title, f"{label}, n (%)").is_("SMD", distance)
    for label, member in rows.items():
        row = page.row(title, label)
        for column, group in zip(columns, groups, strict=True):
            k = int(member[group].sum())
            row.is_(column, *((k,) if label == "No score" else (k, 100 * member[group].mean())))


def share_of(part: pd.Series, whole: pd.Series) -> tuple[float, float, float]:
    return float(part.sum()), float(whole.sum()), 100 * float(part.sum() / whole.sum())


def check_09(page: Page) -> None:
    data = reader_study()
    recorded = np.stack([data[f"{m} reading_time_s"] for m in ("unaided", "aided")], axis=2)
    rules = {
        "counted as 600 s": np.minimum(recorded, 600),
        "left out": recorded[(recorded <= 600).all(axis=(1, 2))],
        "kept as recorded": recorded,
    }
    for rule, times in rules.items():
        logs = np.log(times)
        row = page.row("The ratio of times by the analysis", f"ANOVA, pauses {rule}")
        found = mean_over_both(logs[:, :, 1] - logs[:, :, 0])
        row.is_("n", times.size).is_("df", found["df"]).is_("P", found["p"])
        row.is_("unaided", np.exp(logs[:, :, 0].mean())).is_("aided", np.exp(logs[:, :, 1].mean()))
        row.is_("Ratio", np.exp(found["estimate"]))
        row.is_("95% CI", *np.exp(first("low high", found)))
        row = page.row("Minutes for 100 examinations", f"Pauses {rule}")
        minutes = times * 100 / 60
        found = mean_over_both(minutes[:, :, 1] - minutes[:, :, 0])
        row.is_("unaided", minutes[:, :, 0].mean()).is_("aided", minutes[:, :, 1].mean())
        row.is_("Difference", found["estimate"]).is_("P", found["p"])
        row.is_("95% CI", *first("low high", found))
    for place, modality in enumerate(("unaided", "aided")):
        row = page.row("Which times count", "of these over 600 s, counted as 600 s")
        row.is_(modality, (recorded[:, :, place] > 600).sum())
    logs = np.log(rules["counted as 600 s"])
    gain = logs[:, :, 1] - logs[:, :, 0]
    medians = np.median(recorded, axis=(0, 1))
    page.says("The median reading took # s in unaided reading and # s in aided", *medians)
    page.says(
        "The geometric mean reading time was # s for unaided reading and # s for aided reading: a "
        "ratio of # (95% CI ##)",
        *np.exp(logs.mean(axis=(0, 1))),
        *np.exp(first("estimate low high", mean_over_both(gain))),
    )
    of_readers = np.exp(gain.mean(axis=0))
    page.says("the ratio runs from # to #, and", of_readers.min(), of_readers.max())
    score, truth = data["AI"], data["truth"]
    groups = (score < 5.5, score >= CUTOFF, truth == 0, truth == 1)
    ratios = [np.exp(first("estimate low high", mean_over_both(gain[rows]))) for rows in groups]
    page.says(
        "The ratio of times is # (95% CI ##) for a score of under 5.5 and # (95% CI ##) for a score "
        "of 9.5 and more; # (95% CI ##) for examinations without cancer and # (95% CI ##) for",
        *np.concatenate(ratios),
    )


def check_10(page: Page) -> None:
    data = reader_study()
    check_agreement(page, data["unaided call"], (data["AI"] >= CUTOFF).astype(float))


def check_10b(page: Page) -> None:
    tables = study()["retrospective"]
    readings = tables["readings"]
    people = readings[(readings["modality"] == "unaided") & (readings["position"] != 3)]
    calls = people.pivot_table(index="case_id", columns="reader_id", values="call")
    calls = calls.reindex(tables["cases"]["case_id"])
    order = [name for name in tables["readers"]["reader_id"] if name in calls]
    score = wide("retrospective", "standalone", "rating").iloc[:, 0].reindex(calls.index)
    ai = (score >= CUTOFF).astype(float).where(score.notna())
    check_agreement(page, calls[order].to_numpy(float), ai.to_numpy(float))


def check_agreement(page: Page, calls: np.ndarray, ai: np.ndarray) -> None:
    """Check the agreement of readers and AI; what women who repeat do to limits is left alone."""
    together = agreement(calls, 2)
    row = page.row("Agreement of all readers, beyond chance", "Recall")
    row.is_("Examinations", len(calls)).is_("AC1", together["ac1"][0])
    row.is_("Kappa", together["kappa"][0])
    pairs = [calls[:, list(pair)] for pair in combinations(range(calls.shape[1]), 2)]
    pairs = [pair[~np.isnan(pair).any(axis=1)] for pair in pairs]
    of_pairs = [agreement(pair, 2)["ac1"][0] for pair in pairs if len(pair)]
    same = np.mean([agreement(pair, 2)["same"][0] for pair in pairs if len(pair)])
    page.says("Two readers made the same call on #% of the examinations", 100 * same)
    shares = np.nanmean(calls, axis=0)
    page.fact("Recalled", 100 * shares.min(), 100 * shares.max())
    with_ai = []
    for place, own in enumerate(calls.T):
        both = np.column_stack([own, ai])
        both = both[~np.isnan(both).any(axis=1)]
        found = agreement(both, 2)
        a, b = both.T
        observed, chance = (a == b).mean(), a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
        row = page.row("Transpara (simulated) 2.1.0 at score 10", f"R{place + 1}")
        row.is_("Examinations", len(both)).is_("Same call, %", 100 * observed)
        row.is_("recalled", 200 * (a * b).sum() / (a + b).sum())
        row.is_("not recalled", 200 * ((1 - a) * (1 - b)).sum() / (2 - a - b).sum())
        row.is_("AC1", found["ac1"][0]).is_("Kappa", (observed - chance) / (1 - chance))
        with_ai.append(found["ac1"][0])
    page.says(
        "agreed with a reader by an AC1 of # on average (# to #), two readers by # on average "
        "(# to #)",
        *(np.mean(with_ai), min(with_ai), max(with_ai)),
        *(np.mean(of_pairs), min(of_pairs), max(of_pairs)),
    )


def check_21(page: Page) -> None:
    tables = study()["prospective"]
    cases = tables["cases"].set_index("case_id")
    a, b = (wide("prospective", m, "call").max(axis=1).reindex(cases.index) for m in MODALITIES)
    read = a.notna() & b.notna()
    women, calls = cases[read], np.column_stack([a[read], b[read]])
    n, recalled = len(women), calls.any(axis=1)
    pending = recalled & women["truth"].isna().to_numpy()
    truth = (women["truth"] == 1).to_numpy(float)
    biopsied = (women["biopsied"] == 1).to_numpy()
    open_biopsy = recalled & women["biopsied"].isna().to_numpy()
    page.fact("Women", n, len(cases))
    events = {
        "Cancers found, per 1,000": (1000, calls * truth[:, None], ~pending),
        "Recalls, %": (100, calls, read[read].to_numpy()),
        "Biopsies, per 1,000": (1000, calls * biopsied[:, None], ~open_biopsy),
    }
    title, found = "Endpoints, the same women read both ways", {}
    for label, (scale, event, rows) in events.items():
        x, y = event[rows].T == 1
        both, only_b, only_a = (x & y).sum(), (~x & y).sum(), (x & ~y).sum()
        difference, ratio = tango(only_b, only_a, rows.sum()), tang(both, only_b, only_a)
        row = page.row(title, label)
        for side, count in (("Without AI", x.sum()), ("With AI", y.sum())):
            row.is_(f"{side}: n", count).is_(f"{side}: Rate", scale * count / rows.sum())
        row.is_("Difference", scale * difference[0])
        row.is_("With minus without: 95% CI", *(scale * limit for limit in difference[1:]))
        row.is_("Ratio", ratio[0]).is_("With to without: 95% CI", *ratio[1:])
        found[label] = (x.sum(), y.sum(), rows.sum(), difference, ratio)
    known = ~pending
    ppv = predictive_values(truth[known], calls[known])
    row = page.row(title, "PPV of recall (PPV1), %")
    for place, side in enumerate(("Without AI", "With AI")):
        counts = (calls[known, place] * truth[known]).sum(), calls[known, place].sum()
        row.is_(f"{side}: n", *counts).is_(f"{side}: Rate", 100 * ppv["each"][place])
    row.is_("Difference", 100 * ppv["difference"][0]).is_("Ratio", ppv["ratio"][0])
    row.is_("With minus without: 95% CI", *percent(ppv["difference"][1:]))
    row.is_("With to without: 95% CI", *ppv["ratio"][1:])
    x, y, n_known, difference, ratio = found["Cancers found, per 1,000"]
    page.says(
        "With AI # cancers were found in # women, without AI #: # against # per 1,000, a paired "
        "difference of # (95% CI ##). The ratio is # (95% CI ##)",
        *(y, n_known, x, 1000 * y / n_known, 1000 * x / n_known),
        *(1000 * value for value in difference),
        *ratio,
    )
    x, y, _, difference, _ = found["Recalls, %"]
    page.says(
        "With AI # women were recalled (#%), without AI # (#%): a difference of # points "
        "(95% CI ##)",
        *(y, 100 * y / n, x, 100 * x / n),
        *percent(difference),
    )
    check_21_pairs(page, calls[known], truth[known])
    check_21_times(page, tables, set(women.index))


MODALITIES = ("unaided", "aided")


def check_21_pairs(page: Page, calls: np.ndarray, truth: np.ndarray) -> None:
    title = "Recalls with and without AI, paired by woman"
    for part, sick in (("Cancer found", 1), ("No cancer found", 0)):
        a, b = calls[truth == sick].T
        row = page.row(title, "Recalled with AI", part)
        row.is_("Recalled without AI", (a * b).sum()).is_("Not recalled", ((1 - a) * b).sum())
        row.is_("Total", b.sum())
        only_b, only_a = int(((1 - a) * b).sum()), int((a * (1 - b)).sum())
        page.row(title, "Not recalled", part).is_("Recalled without AI", only_a)
        page.says(
            f"{part}: # only with AI and # only without AI (McNemar mid-P P #, exact P #)",
            *(only_b, only_a),
            *mcnemar(only_b, only_a),
        )


def check_21_times(page: Page, tables: dict[str, pd.DataFrame], women: set[str]) -> None:
    """Check the ratio of reading times, readers as units: paired t on logarithms."""
    readings = tables["readings"]
    chosen = readings["case_id"].isin(women) & (readings["status"] == "complete")
    logs = readings[chosen].assign(log=lambda frame: np.log(frame["reading_time_s"]))
    by_reader = logs.groupby(["reader_id", "modality"])["log"].mean().unstack()
    by_reader = by_reader.loc[:, list(MODALITIES)].dropna()
    gain = by_reader["aided"] - by_reader["unaided"]
    found = interval(gain.mean(), gain.var(ddof=1) / len(gain), len(gain) - 1)
    row = page.row("Endpoints, the same women read both ways", "Reading time, s")
    for side, modality in (("Without AI", "unaided"), ("With AI", "aided")):
        row.is_(f"{side}: Rate", np.exp(by_reader[modality].mean()))
    row.is_("Ratio", np.exp(found["estimate"]))
    row.is_("With to without: 95% CI", *np.exp(first("low high", found)))


def check_20(page: Page) -> None:
    tables, look = study()["prospective"], 10
    cases = tables["cases"]
    started = cases["exam_date"].min()
    month = (cases["exam_date"].dt.year - started.year) * 12 + cases["exam_date"].dt.month
    month = month - started.month + 1
    women = cases[month <= look].set_index("case_id")
    n = len(women)
    page.fact("Enrolled", n, 13500, 100 * n / 13500)
    # Half the rate in the first six of 24 months: 21 months at the full rate.
    planned = 13500 * (look - 3) / 21
    page.fact("Planned by month 10", planned)
    page.says("# women were enrolled in # months, # fewer than", n, look, planned - n)
    page.says("# later examinations are not looked at", (month > look).sum())
    pace = ((month > look - 4) & (month <= look)).sum() / 4
    page.says("the rate of months # to # (# a month)", look - 3, look, pace)
    readings = tables["readings"]
    readings = readings[readings["case_id"].isin(women.index) & (readings["status"] == "complete")]
    by_people = readings[readings["modality"].isin(MODALITIES)]
    recalled = by_people.groupby("case_id")["call"].max()
    rate, low, high = percent(wilson(recalled.sum(), len(recalled)))
    page.says("# of # (#%), 95% CI ##, Wilson", recalled.sum(), len(recalled), rate, low, high)
    scored = readings.loc[readings["modality"] == "standalone", "case_id"]
    lacking = ~women.index.isin(scored)
    share = percent(wilson(lacking.sum(), n))
    page.says("# of # (#%) examinations have no AI score", lacking.sum(), n, share[0])
    page.says("Share without a score (95% CI ##, Wilson score)", *share[1:])
    calls = by_people["call"].sum()
    page.says(
        "Recall rate of each of # readers, # of # (#%) readings",
        *(by_people["reader_id"].nunique(), calls, len(by_people), 100 * calls / len(by_people)),
    )


CHECKS: dict[str, Callable[[Page], None]] = {
    "chapters/00_intake": check_00,
    "chapters/02_cohort_and_flow": check_02,
    "chapters/06_ai_against_readers": check_06,
    "chapters/07_reader_study": check_07,
    "chapters/09_reading_time": check_09,
    "chapters/10_agreement": check_10,
    "chapters/10_agreement_in_screening": check_10b,
    "chapters/20_monitoring": check_20,
    "chapters/21_prospective_main": check_21,
}

ENOUGH = 120


@cache
def checked(book: Path, name: str) -> Page:
    page = Page(book / f"{name}.html")
    CHECKS[name](page)
    return page


@pytest.mark.parametrize("name", CHECKS)
def test_displayed_numbers_are_those_of_the_tables(demo_site, name):
    faults = checked(demo_site, name).faults
    assert not faults, "\n" + "\n".join(faults)


def test_enough_numbers_are_computed_again(demo_site):
    assert sum(checked(demo_site, name).n_numbers for name in CHECKS) >= ENOUGH


def test_a_wrong_number_is_named_with_its_place(tmp_path):
    table = "<tr><th>R1</th><td>0.836</td></tr>"
    page = tmp_path / "page.html"
    page.write_text(
        "<main><figure><figcaption>Table 7.1. Means</figcaption><table><thead><tr><td></td>"
        f"<th>AUC</th></tr></thead><tbody>{table}</tbody></table></figure></main>"
    )
    page = Page(page)
    page.row("Means", "R1").is_("AUC", 0.8355).is_("AUC", 0.8372)
    assert page.n_numbers == 2
    assert page.faults == [
        "page.html: table 'Means', row 'R1', column 'AUC': printed 0.836, recomputed 0.8372"
    ]
