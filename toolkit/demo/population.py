"""Who is examined and by whom: women, their cancers, the AI and the readers, in all parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, DayArray, FloatArray, IntArray, ObjectArray
from toolkit.demo.rates import DEMO_SEED, DENSITIES, DemoRates
from toolkit.stats.simulation import tenths_scores
from toolkit.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_MONTH = 365.25 / 12


def stream(name: str) -> np.random.Generator:
    """Return the generator of one named topic.

    Each topic has its own stream, so that what is added to one never changes another.

    Examples
    --------
    >>> bool(stream("retrospective/age").random() == stream("retrospective/age").random())
    True
    """
    return np.random.default_rng(np.random.SeedSequence(DEMO_SEED, spawn_key=tuple(name.encode())))


def identifiers(prefix: str, numbers: IntArray | range, *, digits: int = 5) -> ObjectArray:
    """Return identifiers that nobody takes for real ones: ``R-00017``."""
    return np.array([f"{prefix}-{number:0{digits}d}" for number in numbers], dtype=object)


def words(codes: NDArray[Any], vocabulary: Sequence[str]) -> ObjectArray:
    """Return the word of each code, shape of ``codes``; a code of -1 is missing."""
    return np.asarray(np.array([*vocabulary, np.nan], dtype=object)[codes], dtype=object)


def only_where(condition: BoolArray, values: NDArray[Any]) -> NDArray[Any]:
    """Return the values where a condition holds, missing elsewhere."""
    if values.dtype.kind == "M":
        return np.where(condition, values, np.datetime64("NaT"))
    if values.dtype.kind == "O":
        return np.where(condition, values, np.array(np.nan, dtype=object))
    return np.where(condition, values.astype(np.float64), np.nan)


def draw_codes(shares: Sequence[float], n: int, generator: np.random.Generator) -> IntArray:
    """Draw the number of a category, from 0, with these shares."""
    limits = np.cumsum(shares)
    return np.searchsorted(limits[:-1] / limits[-1], generator.random(n), side="right")


def months_between(start: DayArray, end: DayArray) -> FloatArray:
    """Return months from one day to another, in years' twelfths."""
    return (end - start).astype("timedelta64[D]").astype(np.float64) / DAYS_PER_MONTH


def canonical_table(name: str, columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """Return a canonical table from arrays, columns and types as its definition has them."""
    import pandas as pd

    kinds = {column.name: column.kind for column in TABLES[name].columns}
    unknown = sorted(set(columns) - set(kinds))
    if unknown:
        msg = f"table {name} has no column {', '.join(unknown)}; its columns: {', '.join(kinds)}"
        raise ValueError(msg)
    types = {"text": "str", "category": "str", "date": "datetime64[ns]"}
    return pd.DataFrame(
        {
            column: pd.Series(columns[column], dtype=types.get(kind, "float64"))
            for column, kind in kinds.items()
            if column in columns
        }
    )


AI = "AI"
AI_READER = {
    "reader_id": AI,
    "kind": "ai",
    "product": "Transpara (simulated)",
    "version": "2.1.0",
    "score_min": 1.0,
    "score_max": 10.0,
    "score_kind": "exam",
}
STATUS = ("complete", "failed", "missing")


@dataclass(frozen=True, kw_only=True)
class Women:
    """What is known of the women at their examinations, each of shape (n_exams,)."""

    cancer: BoolArray
    age_years: FloatArray
    density: IntArray
    device: IntArray
    site: IntArray


def draw_women(part: str, cancer: BoolArray, rates: DemoRates) -> Women:
    """Draw age, density, device and site of women with and without cancer."""
    n = cancer.size
    normal = stream(f"{part}/age").standard_normal(n)
    mean, spread = (
        np.where(cancer, with_cancer, without)
        for with_cancer, without in zip(rates.cancer_age_years, rates.age_years, strict=True)
    )
    age_years = np.clip(np.floor(mean + spread * normal), 35.0, 79.0)
    draw = stream(f"{part}/density")
    younger = draw_codes(rates.density_below_50, n, draw)
    older = draw_codes(rates.density_from_50, n, draw)
    return Women(
        cancer=cancer,
        age_years=age_years,
        density=np.where(age_years < 50, younger, older),
        device=draw_codes(rates.device_shares, n, stream(f"{part}/device")),
        site=draw_codes(rates.site_shares, n, stream(f"{part}/site")),
    )


def women_columns(women: Women, rates: DemoRates) -> dict[str, NDArray[Any]]:
    """Return the columns of the cases table that say who was examined, where and how."""
    return {
        "age_years": women.age_years,
        "density": words(women.density, DENSITIES),
        "device": words(women.device, rates.devices),
        "site": words(women.site, rates.sites),
    }


def ai_suspicion(women: Women, noise: FloatArray, rates: DemoRates) -> FloatArray:
    """Return the AI's suspicion from standard normal noise, shape (n_exams,)."""
    separation = rates.ai_separation + np.array(rates.density_separation)[women.density]
    without = rates.local_shift + rates.local_spread * noise
    return np.where(women.cancer, separation + rates.ai_spread * noise, without)


def ai_scores(suspicion: FloatArray, rates: DemoRates) -> FloatArray:
    """Return examination scores of 1 to 10, set on the vendor's population, not on this one."""
    return tenths_scores(
        suspicion,
        separation=rates.ai_separation,
        spread=rates.ai_spread,
        prevalence=rates.ai_prevalence,
    )


def ai_status(part: str, month: IntArray, incident_month: int, rates: DemoRates) -> IntArray:
    """Draw what the AI returned: 0 a score, 1 failed, 2 missing; ``month`` counts from 1."""
    draw = stream(f"{part}/ai status").random(month.size)
    in_incident = month == incident_month
    failed = np.where(in_incident, rates.ai_failed_in_incident, rates.ai_failed)
    missing = draw < failed + rates.ai_missing
    return np.where(draw < failed, 1, np.where(missing, 2, 0))


def log_time_ratio(score: FloatArray, rates: DemoRates) -> FloatArray:
    """Return the log ratio of reading times, with AI to without, by the AI's score."""
    level = np.searchsorted([5.5, 9.5], score)
    return np.asarray(np.log(rates.time_ratio)[level], dtype=np.float64)


def lesions_of(
    part: str, case_id: ObjectArray, in_situ: BoolArray, rates: DemoRates
) -> dict[str, NDArray[Any]]:
    """Return the lesions table of women with one cancer each."""
    n = case_id.size
    draw = stream(f"{part}/lesions")
    size_mm = rates.size_median_mm * np.exp(rates.size_log_sd * draw.standard_normal(n))
    lobular = draw.random(n) < rates.lobular
    histology = np.where(in_situ, 0, np.where(lobular, 2, 1))
    return {
        "case_id": case_id,
        "lesion_id": np.full(n, "1", dtype=object),
        "lesion_type": words(draw_codes(rates.lesion_shares, n, draw), rates.lesion_types),
        "size_mm": np.clip(np.round(size_mm), 3.0, 90.0),
        "histology": words(histology, ("ductal in situ", "ductal invasive", "lobular invasive")),
        "grade": words(draw_codes(rates.grade_shares, n, draw), ("1", "2", "3")),
    }


def readers_of(
    *, prefix: str, specialist: Sequence[bool], experience_years: Sequence[float]
) -> dict[str, NDArray[Any]]:
    """Return the readers table: people first, then the AI."""
    people = len(specialist)
    columns: dict[str, NDArray[Any]] = {
        "reader_id": np.append(identifiers(prefix, range(1, people + 1), digits=2), AI),
        "kind": np.array(["human"] * people + ["ai"], dtype=object),
        "specialist": np.append(np.array(specialist, dtype=np.float64), np.nan),
        "experience_years": np.append(np.array(experience_years, dtype=np.float64), np.nan),
    }
    for name, value in AI_READER.items():
        if name not in columns:
            filler = np.nan if isinstance(value, float) else None
            dtype = np.float64 if isinstance(value, float) else object
            columns[name] = np.array([filler] * people + [value], dtype=dtype)
    return columns
