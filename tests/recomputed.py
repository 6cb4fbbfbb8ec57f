"""The demo's numbers computed from its tables, by formulas of the papers named with them.

Nothing here comes from the statistics, the scoring or the chapters of the toolkit, so that what
the book displays is held against another hand's work.
"""

from functools import cache

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from toolkit.demo import demo_study

Z = float(stats.norm.ppf(0.975))
INF = float("inf")
CUTOFF = 9.5  # of the AI's score, in the demo's parameters
MODALITIES = ("unaided", "aided")
GROUPS = {"Screening": "screening", "Symptoms": "symptomatic", "Follow-up": "follow_up"}


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
    if weight.nunique() == 1 and woman.is_unique:
        return wilson(event.sum(), len(event))
    by_woman = (weight * (event - p) / total).groupby(woman).sum()
    n = len(by_woman)
    variance = n / (n - 1) * (by_woman**2).sum()
    effective = p * (1 - p) / variance
    return wilson(p * effective, effective)


def likelihood_ratio(cases: pd.DataFrame, event: pd.Series) -> tuple[float, float, float]:
    """Return a ratio of weighted shares with limits on the log scale, women as clusters."""
    shares, influence = [], pd.Series(0.0, index=cases.index)
    for value, sign in ((1, 1), (0, -1)):
        own = cases[cases["truth"] == value]
        weight = own["weight"] / own["weight"].sum()
        p = (weight * event[own.index]).sum()
        influence[own.index] = sign * weight * (event[own.index] - p) / p
        shares.append(p)
    by_woman = influence.groupby(cases["patient_id"]).sum()
    error = np.sqrt(len(by_woman) / (len(by_woman) - 1) * (by_woman**2).sum())
    ratio = shares[0] / shares[1]
    return ratio, *(ratio * np.exp([-Z * error, Z * error]))


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


def auc_limits(truth: np.ndarray, rating: np.ndarray) -> tuple[float, float, float]:
    """Return an AUC with DeLong's variance, logit limits and Satterthwaite's t."""
    parts = [part.var(ddof=1) / part.size for part in placements(truth, rating)]
    sizes = [(truth == value).sum() for value in (1, 0)]
    df = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, sizes, strict=True))
    return logit_limits(placements(truth, rating)[0].mean(), sum(parts), df)


def weighted_auc(cases: pd.DataFrame) -> tuple[float, float, float]:
    """Return the AUC of weighted scores with score limits of the binormal model.

    The limits are the AUCs A whose distance is t sqrt(V(A)): V is the model's variance of a
    placement times (1 / m + 1 / n), Kish's effective numbers, and times what DeLong's variance
    with women as clusters (Obuchowski, Biometrics 1997;53:567-578) exceeds it by at the estimate.
    """
    classes = [cases[cases["truth"] == value] for value in (1, 0)]
    scores, weights = ([own[name].to_numpy() for own in classes] for name in ("score", "weight"))
    apart = (scores[0][:, None] > scores[1]) + (scores[0][:, None] == scores[1]) / 2
    weights = [own / own.sum() for own in weights]
    placed = [apart @ weights[1], weights[0] @ apart]
    auc = float(weights[0] @ placed[0])
    women = [own["patient_id"].to_numpy() for own in classes]
    moved = [
        pd.Series(weight * (place - auc)).groupby(woman).sum()
        for weight, place, woman in zip(weights, placed, women, strict=True)
    ]
    everyone = cases["patient_id"].nunique()
    variance = sum(len(own) / (len(own) - 1) * (own**2).sum() for own in moved)
    variance += 2 * everyone / (everyone - 1) * moved[0].mul(moved[1]).sum()
    effective = [1 / (weight**2).sum() for weight in weights]
    least = min(min(n, len(own)) for n, own in zip(effective, moved, strict=True))

    def model(area: float) -> float:
        """Return the variance at an AUC; two placements of one case correlate by a half."""
        h = np.full(2, stats.norm.ppf(area))
        square = stats.multivariate_normal.cdf(h, cov=[[1, 0.5], [0.5, 1]])
        return (square - area**2) * sum(1 / n for n in effective)

    excess = max(1.0, variance / model(auc)) * stats.t.ppf(0.975, least - 1) ** 2
    ends = [
        optimize.brentq(lambda a: (auc - a) ** 2 - excess * model(a), *bounds)
        for bounds in ((0.5, auc), (auc, 1 - 1e-6))
    ]
    return auc, *ends


def women_ahead(n: float, months: int, ahead: int, variation: float) -> np.ndarray:
    """Return P(X <= x) of the women of months ahead, after n in some months.

    Counts are Poisson, rates of months gamma with a coefficient of variation, and the mean rate
    unknown: X is beta-negative-binomial (Johnson, Kemp and Kotz, Univariate Discrete, 6.2.2).
    """
    a, r = months / variation**2, ahead / variation**2
    x = np.arange(max(20_000, 3 * int(n / months * ahead)))
    logs = special.gammaln(r + x) - special.gammaln(r) - special.gammaln(x + 1)
    logs += special.betaln(a + r, n + x) - special.betaln(a, n)
    return np.exp(logs).cumsum()


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


@cache
def screening_programme() -> pd.DataFrame:
    """Return a row an examination: truth, score, class, weight, and who recalled it."""
    tables = study()["retrospective"]
    cases = tables["cases"].set_index("case_id")
    score = wide("retrospective", "standalone", "rating").iloc[:, 0].reindex(cases.index)
    first_reads = tables["readings"].query("position == 1").set_index("case_id")
    worked_up = cases["truth_source"].isin(["pathology_benign", "pathology_malignant"])
    return cases.assign(
        score=score,
        score_class=np.floor(score + 0.5),
        ai=(score >= CUTOFF).astype(float).where(score.notna()),
        programme=cases["recalled"],
        first_read=first_reads["call"],
        unverified=(cases["recalled"] == 0) & (cases["truth"] == 0) & ~worked_up,
    )


def judged(label: str) -> pd.DataFrame:
    """Return the examinations of an indication with a score and a known truth."""
    cases = screening_programme()
    cases = cases[cases["truth"].notna() & cases["score"].notna()]
    return cases[cases["indication"] == GROUPS[label]] if label in GROUPS else cases


@cache
def marks_scored() -> dict[str, np.ndarray]:
    """Return by modality the lesions' ratings, the highest false marks and their number.

    A mark within 15 mm of the centre of a lesion on its image is of the nearest; a lesion keeps the
    highest on any view; every other mark is false. Without a mark the rating is -infinity.
    """
    tables = study()["reader_study"]
    cases = tables["cases"].set_index("case_id")
    people = tables["readers"].query("kind == 'human'")["reader_id"]
    places = tables["lesions"][["image_id", "lesion_id", "x_px", "y_px"]]
    marks = tables["marks"].drop(columns="lesion_id").reset_index(names="mark")
    near = marks.merge(places, on="image_id", suffixes=("", "_of_lesion"))
    near = near.merge(tables["images"][["image_id", "pixel_spacing_mm"]], on="image_id")
    away = np.hypot(near["x_px"] - near["x_px_of_lesion"], near["y_px"] - near["y_px_of_lesion"])
    near = near.assign(mm=away * near["pixel_spacing_mm"]).query("mm <= 15").sort_values("mm")
    hits = near.drop_duplicates("mark")
    false = marks[~marks["mark"].isin(hits["mark"])]
    lesions = tables["lesions"].drop_duplicates(["case_id", "lesion_id"])
    keys = pd.MultiIndex.from_frame(lesions[["case_id", "lesion_id"]])
    found: dict[str, np.ndarray] = {"case": lesions["case_id"].to_numpy()}
    for modality in (*MODALITIES, "standalone"):
        readers = ["AI"] if modality == "standalone" else people
        own, wrong = (part[part["modality"] == modality] for part in (hits, false))
        best = own.pivot_table(
            index=["case_id", "lesion_id"], columns="reader_id", values="rating", aggfunc="max"
        ).reindex(index=keys, columns=readers)
        highest = wrong.pivot_table(
            index="case_id", columns="reader_id", values="rating", aggfunc="max"
        ).reindex(index=cases.index, columns=readers)
        found[f"{modality} lesions"] = best.fillna(-INF).to_numpy()
        found[f"{modality} false"] = highest.fillna(-INF).to_numpy()
        found[f"{modality} n false"] = wrong.groupby("reader_id").size()[readers].to_numpy()
    return found


@cache
def wafroc() -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted AFROC areas (2, readers) and their jackknife covariance.

    The chance that a lesion is rated above the highest false mark of a case without cancer, each
    case with cancer counting the same (Chakraborty, Observer Performance Methods, 2017).
    """
    scored, truth = marks_scored(), reader_study()["truth"]
    sick = study()["reader_study"]["cases"]["case_id"].to_numpy()[truth == 1]
    member = (sick[:, None] == scored["case"][None, :]).astype(float)
    weight = member / member.sum(axis=1, keepdims=True)
    areas, without = [], []
    for modality in MODALITIES:
        healthy = scored[f"{modality} false"][truth == 0]
        for x, y in zip(scored[f"{modality} lesions"].T, healthy.T, strict=True):
            pairs = weight @ ((x[:, None] > y) + (x[:, None] == y) / 2)
            areas.append(pairs.mean())
            m, n = pairs.shape
            left_sick = (pairs.sum() - pairs.sum(axis=1)) / ((m - 1) * n)
            left_healthy = (pairs.sum() - pairs.sum(axis=0)) / (m * (n - 1))
            without.append(np.concatenate([left_sick, left_healthy]))
    k = len(truth)
    return np.reshape(areas, (2, -1)), np.cov(without) * (k - 1) ** 2 / k


@cache
def prospective_women() -> dict[str, np.ndarray]:
    """Return of the women read both ways calls (women, 2), truth, and what is still open."""
    cases = study()["prospective"]["cases"].set_index("case_id")
    ways = [wide("prospective", m, "call").max(axis=1).reindex(cases.index) for m in MODALITIES]
    women = cases[ways[0].notna() & ways[1].notna()]
    calls = np.column_stack([way[women.index] for way in ways])
    recalled = calls.any(axis=1)
    return {
        "case_id": women.index.to_numpy(),
        "calls": calls,
        "truth": (women["truth"] == 1).to_numpy(float),
        "known": ~(recalled & women["truth"].isna().to_numpy()),
        "biopsied": (women["biopsied"] == 1).to_numpy(float),
        "biopsy known": ~(recalled & women["biopsied"].isna().to_numpy()),
    }
