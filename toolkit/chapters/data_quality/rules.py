"""Rules that data which passed every check on entry can still break.

Entry refuses what cannot be: keys that repeat, rows that point at nothing, values outside their
range. The rules here find what can be and should not, and give counts alone; no case is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from toolkit.words.wording import count_text, joined

if TYPE_CHECKING:
    import pandas as pd

Frames = Mapping[str, "pd.DataFrame"]
Severity = Literal["error", "look"]

DAYS_A_MONTH = 365.25 / 12
STANDARD_VIEWS = (("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO"))
SOURCE_MONTHS = {"follow_up_12_months": 12, "follow_up_24_months": 24}
_AGE_SLACK_YEARS = 1.5  # an age in whole years is off by up to one; half a year for its rounding
_WHOLE_MONTH = 1.0  # follow-up is often written in whole months


@dataclass(frozen=True)
class Count:
    """How many of how many things a rule found, and a few words on them."""

    issues: int
    checked: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that data which passed entry can still break.

    Parameters
    ----------
    key : str
        Name in the record.
    name : str
        What is wrong where the rule is broken.
    unit : str
        What is counted, in the plural.
    severity : {"error", "look"}
        Error: both statements cannot be true. Look: unusual, and may have its reason.
    needs : tuple of str
        Columns without which it cannot be checked, as ``table.column``.
    count : callable
        Tables by name to counts.
    """

    key: str
    name: str
    unit: str
    severity: Severity
    needs: tuple[str, ...]
    count: Callable[[Frames], Count]


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """What a rule found; ``found`` is None where it could not be checked, for ``reason``."""

    rule: Rule
    found: Count | None
    reason: str = ""

    @property
    def issues(self) -> int:
        """Things that break the rule."""
        return self.found.issues if self.found else 0


def _counted(bad: pd.Series, of: pd.Series | None = None) -> Count:
    """Return the rows that are bad, of all or of some."""
    bad = bad.fillna(False).astype(bool)
    if of is None:
        return Count(int(bad.sum()), len(bad))
    of = of.fillna(False).astype(bool)
    return Count(int((bad & of).sum()), int(of.sum()))


def _has(tables: Frames, need: str) -> bool:
    """Return whether a table has a column with a value."""
    table, column = need.split(".")
    return table in tables and column in tables[table] and bool(tables[table][column].notna().any())


def readings_by(tables: Frames, kind: str) -> pd.DataFrame:
    """Return the readings of people or of AIs."""
    readers = tables["readers"]
    chosen = readers["reader_id"][readers["kind"] == kind]
    return tables["readings"][tables["readings"]["reader_id"].isin(chosen)]


def _ai_readings(tables: Frames) -> pd.DataFrame:
    """Return the AIs' own readings, each with product and version."""
    own = readings_by(tables, "ai")
    own = own[own["modality"] == "standalone"]
    return own.merge(tables["readers"][["reader_id", "product", "version"]], on="reader_id")


# --- whether rows have their counterparts --------------------------------------------------------


def cases_unread(tables: Frames) -> Count:
    """Cases that no person read, where people read any."""
    read = readings_by(tables, "human")["case_id"]
    cases = tables["cases"]["case_id"]
    return _counted(~cases.isin(read)) if len(read) else Count(0, 0)


def readers_without_reading(tables: Frames) -> Count:
    """Readers, AIs among them, of whom there is no reading."""
    return _counted(~tables["readers"]["reader_id"].isin(tables["readings"]["reader_id"]))


def cases_without_image(tables: Frames) -> Count:
    """Cases that have no image."""
    return _counted(~tables["cases"]["case_id"].isin(tables["images"]["case_id"]))


def cancers_without_lesion(tables: Frames) -> Count:
    """Cases with cancer that have no lesion."""
    cases = tables["cases"]
    return _counted(~cases["case_id"].isin(tables["lesions"]["case_id"]), cases["truth"] == 1)


def lesions_without_cancer(tables: Frames) -> Count:
    """Cases with a lesion that are free of cancer."""
    cases = tables["cases"]
    return _counted(cases["truth"] == 0, cases["case_id"].isin(tables["lesions"]["case_id"]))


# --- duplicates ----------------------------------------------------------------------------------


def _dated(cases: pd.DataFrame) -> pd.Series:
    """Return which cases have a woman and a date."""
    return cases["patient_id"].notna() & cases["exam_date"].notna()


def _alike(cases: pd.DataFrame) -> pd.Series:
    """Return which cases have a twin in every column but the identifiers of case and exam."""
    values = [name for name in cases.columns if name not in ("case_id", "exam_id")]
    return cases.duplicated(values, keep=False) & _dated(cases)


def cases_alike(tables: Frames) -> Count:
    """Cases of one woman that agree in every value with another one."""
    cases = tables["cases"]
    return _counted(_alike(cases), _dated(cases))


def cases_on_one_day(tables: Frames) -> Count:
    """Cases of one woman, day and side that are not alike in all else."""
    cases = tables["cases"]
    day = cases.reindex(columns=["patient_id", "exam_date", "laterality"])
    day["exam_date"] = day["exam_date"].dt.normalize()
    return _counted(day.duplicated(keep=False) & ~_alike(cases), _dated(cases))


def breast_twice(tables: Frames) -> Count:
    """Cases whose breast stands twice in one examination."""
    cases = tables["cases"]
    given = cases["exam_id"].notna() & cases["laterality"].notna()
    return _counted(cases.duplicated(["exam_id", "laterality"], keep=False), given)


def images_alike(tables: Frames) -> Count:
    """Images whose file is that of another one."""
    hashes = tables["images"]["sha256"]
    return _counted(hashes.duplicated(keep=False), hashes.notna())


def ai_results_repeated(tables: Frames) -> Count:
    """Case and AI version with more than one complete result."""
    own = _ai_readings(tables)
    complete = own[own["status"] == "complete"]
    times = complete.groupby(["case_id", "product", "version"]).size()
    return Count(int((times > 1).sum()), len(times))


# --- versions and missing results of the AI ------------------------------------------------------


def month_numbers(dates: pd.Series) -> pd.Series:
    """Return the month of each date, the earliest one 1; NaN where there is none."""
    number = dates.dt.year * 12 + dates.dt.month
    counted: pd.Series = number - number.min() + 1
    return counted


def other_ai_version(tables: Frames) -> Count:
    """Cases read by another version of an AI than the one that read most, with its months."""
    own = _ai_readings(tables)
    own = own[own["status"] == "complete"]
    cases = tables["cases"]
    dated = "exam_date" in cases
    month = (
        dict(zip(cases["case_id"], month_numbers(cases["exam_date"]), strict=True)) if dated else {}
    )
    issues, words = 0, []
    for product, of_product in own.groupby("product"):
        read = of_product.groupby("version")["case_id"].nunique()
        if len(read) < 2:
            continue
        most = read.idxmax()
        issues += of_product["case_id"][of_product["version"] != most].nunique()
        for version, rows in of_product.groupby("version"):
            when = rows["case_id"].map(month).dropna()
            span = (
                f", months {count_text(when.min())} to {count_text(when.max())}"
                if len(when)
                else ""
            )
            words.append(f"{product} {version}: {count_text(int(read[version]))} read{span}")
    return Count(issues, own.drop_duplicates(["case_id", "product"]).shape[0], "; ".join(words))


_AI_STATES = ("complete", "no_score", "failed", "missing", "not_recorded")


def _ai_without(state: str) -> Callable[[Frames], Count]:
    """Return the rule that counts one state of the AI's results."""

    def count(tables: Frames) -> Count:
        """Cases for which an AI product has this, as the best of its readings."""
        own = _ai_readings(tables)
        complete = own["status"] == "complete"
        states = own["status"].where(~complete | own["rating"].notna(), "no_score")
        rank = states.map(_AI_STATES.index)
        best = rank.groupby([own["case_id"], own["product"]]).min()
        products = own["product"].nunique()
        expected = len(tables["cases"]) * products
        if state == "not_recorded":
            return Count(expected - len(best), expected)
        return Count(int((best == _AI_STATES.index(state)).sum()), expected)

    return count


# --- what is said of a woman ---------------------------------------------------------------------


def _missing(column: str) -> Callable[[Frames], Count]:
    """Return the rule that counts cases without a value."""

    def count(tables: Frames) -> Count:
        """Cases without it."""
        return _counted(tables["cases"][column].isna())

    return count


def ages_disagree(tables: Frames) -> Count:
    """Women whose ages do not fit the dates of their examinations."""
    cases = tables["cases"]
    known = cases[_dated(cases) & cases["age_years"].notna()]
    born = known["age_years"] - (known["exam_date"] - known["exam_date"].min()).dt.days / 365.25
    spread = born.groupby(known["patient_id"]).agg(["min", "max", "size"])
    several = spread["size"] > 1
    return _counted(spread["max"] - spread["min"] > _AGE_SLACK_YEARS, several)


# --- sides and views -----------------------------------------------------------------------------


def lesions_on_both_sides(tables: Frames) -> Count:
    """Lesions placed on images of both breasts."""
    sides = tables["images"].set_index("image_id")["laterality"]
    lesions = tables["lesions"].dropna(subset="image_id")
    of = lesions["image_id"].map(sides).groupby([lesions["case_id"], lesions["lesion_id"]])
    return _counted(of.nunique() > 1)


def images_without_side(tables: Frames) -> Count:
    """Images that do not say which breast they show."""
    return _counted(tables["images"]["laterality"].isna())


def views_missing(tables: Frames) -> Count:
    """Cases with images that lack one of the standard views."""
    images, cases = tables["images"], tables["cases"]
    shown: dict[str, set[tuple[str, str]]] = {}
    columns = (images["case_id"], images["laterality"], images["view"])
    for case, side, view in zip(*columns, strict=True):
        shown.setdefault(case, set()).add((side, view))
    side_of = cases.set_index("case_id").reindex(columns=["laterality"])["laterality"].to_dict()
    lacking = [
        not {
            view
            for view in STANDARD_VIEWS
            if side_of[case] not in ("L", "R") or view[0] == side_of[case]
        }
        <= there
        for case, there in shown.items()
    ]
    return Count(sum(lacking), len(lacking))


# --- dates in order ------------------------------------------------------------------------------


def cancers_before_exam(tables: Frames) -> Count:
    """Cases whose cancer was diagnosed before the day of the examination."""
    cases = tables["cases"]
    exam, cancer = cases["exam_date"].dt.normalize(), cases["cancer_date"].dt.normalize()
    return _counted(cancer < exam, exam.notna() & cancer.notna())


def follow_up_before_cancer(tables: Frames) -> Count:
    """Cases whose follow-up ended before their cancer was diagnosed."""
    cases = tables["cases"]
    months = (cases["cancer_date"] - cases["exam_date"]).dt.days / DAYS_A_MONTH
    short = months > cases["follow_up_months"] + _WHOLE_MONTH
    return _counted(short, months.notna() & cases["follow_up_months"].notna())


def truth_after_follow_up(tables: Frames) -> Count:
    """Cases whose truth rests on more follow-up than they had."""
    cases = tables["cases"]
    wanted = cases["truth_source"].map(SOURCE_MONTHS)
    known = wanted.notna() & cases["follow_up_months"].notna()
    return _counted(cases["follow_up_months"] < wanted, known)


def truth_against_source(tables: Frames) -> Count:
    """Cases whose truth contradicts the pathology that it rests on."""
    cases = tables["cases"]
    said = cases["truth_source"].map({"pathology_malignant": 1, "pathology_benign": 0})
    return _counted(said != cases["truth"], said.notna() & cases["truth"].notna())


def cancer_date_without_cancer(tables: Frames) -> Count:
    """Cases free of cancer that have a date of its diagnosis."""
    cases = tables["cases"]
    return _counted(cases["cancer_date"].notna(), cases["truth"] == 0)


def cancers_without_date(tables: Frames) -> Count:
    """Cancers without a date of diagnosis."""
    cases = tables["cases"]
    return _counted(cases["cancer_date"].isna(), cases["truth"] == 1)


def _earlier(first: pd.Series, second: pd.Series) -> Count:
    """Count where one moment is before another, of all pairs whose order is known.

    On one day it is known only if both have a time of day; midnight stands for a date alone.
    """
    day, other = first.dt.normalize(), second.dt.normalize()
    timed = (first != day) & (second != other)
    both = first.notna() & second.notna()
    known = both & ((day != other) | timed)
    unknown = both.any() and not known.any()
    words = "no two moments of which the order is known" if unknown else ""
    return replace(_counted(first < second, known), detail=words)


def read_before_exam(tables: Frames) -> Count:
    """Count readings made earlier on the day of the examination than the examination."""
    readings = tables["readings"]
    exam: pd.Series = readings["case_id"].map(tables["cases"].set_index("case_id")["exam_date"])
    return _earlier(readings["read_at"], exam)


def _with_ai(tables: Frames, modality: str) -> tuple[pd.Series, pd.Series]:
    """Return when a person read in a modality, and when the AI first had read the same case."""
    first = _ai_readings(tables).groupby("case_id")["read_at"].min()
    people = readings_by(tables, "human")
    people = people[people["modality"] == modality]
    # Not map, which makes numbers of the dates where no AI read.
    return people["read_at"], first.reindex(people["case_id"]).set_axis(people.index)


def unaided_after_ai(tables: Frames) -> Count:
    """Unaided readings made when the AI's result was there, of cases that nobody read aided.

    A case that is read both ways needs the AI's result: only software keeps it from one of them.
    """
    readings = tables["readings"]
    aided = set(readings["case_id"][readings["modality"] == "aided"])
    read_at, ai_at = _with_ai(tables, "unaided")
    alone = ~readings["case_id"].loc[read_at.index].isin(aided)
    return _earlier(ai_at[alone], read_at[alone])


def aided_before_ai(tables: Frames) -> Count:
    """Aided readings made before the AI had a result of the case."""
    return _earlier(*_with_ai(tables, "aided"))


# --- recall --------------------------------------------------------------------------------------


def _calls(tables: Frames) -> pd.Series:
    """Return the highest call that a person gave, for each case; NaN where there is none."""
    highest = readings_by(tables, "human").groupby("case_id")["call"].max()
    found: pd.Series = tables["cases"]["case_id"].map(highest)
    return found


def recalled_without_call(tables: Frames) -> Count:
    """Recalled women of whom no reader's call is recorded."""
    return _counted(_calls(tables).isna(), tables["cases"]["recalled"] == 1)


def recalled_against_calls(tables: Frames) -> Count:
    """Recalled women whom no reader called."""
    calls = _calls(tables)
    return _counted(calls == 0, (tables["cases"]["recalled"] == 1) & calls.notna())


_PEOPLE = ("readers.kind", "readings.reader_id")
_AI = (*_PEOPLE, "readers.product")
_CANCER_DATES = ("cases.exam_date", "cases.cancer_date")
_TIMES = (*_PEOPLE, "readings.read_at")


def _rule(
    name: str, unit: str, severity: Severity, needs: Sequence[str], count: Callable[[Frames], Count]
) -> Rule:
    """Return a rule whose key is the name of its function."""
    return Rule(
        key=count.__name__, name=name, unit=unit, severity=severity, needs=tuple(needs), count=count
    )


def _ai_rule(state: str, words: str) -> Rule:
    """Return the rule of one cause for which an AI has no score."""
    return Rule(
        key=f"ai_{state}",
        name=words,
        unit="AI results",
        severity="look",
        needs=_AI,
        count=_ai_without(state),
    )


def _missing_rule(column: str, words: str) -> Rule:
    """Return the rule of a characteristic that some cases lack."""
    return Rule(
        key=f"{column}_missing",
        name=words,
        unit="cases",
        severity="look",
        needs=(f"cases.{column}",),
        count=_missing(column),
    )


RULES: tuple[Rule, ...] = (
    _rule(
        "Cancer dated before the examination", "cases", "look", _CANCER_DATES, cancers_before_exam
    ),
    _rule(
        "Follow-up ended before the cancer was diagnosed",
        "cases",
        "error",
        (*_CANCER_DATES, "cases.follow_up_months"),
        follow_up_before_cancer,
    ),
    _rule(
        "Truth rests on more follow-up than the case had",
        "cases",
        "error",
        ("cases.truth_source", "cases.follow_up_months"),
        truth_after_follow_up,
    ),
    _rule(
        "Truth contradicts the pathology named as its source",
        "cases",
        "error",
        ("cases.truth_source", "cases.truth"),
        truth_against_source,
    ),
    _rule(
        "Free of cancer, with a date of its diagnosis",
        "cases",
        "error",
        ("cases.cancer_date", "cases.truth"),
        cancer_date_without_cancer,
    ),
    _rule(
        "Cancer without a date of diagnosis",
        "cancers",
        "look",
        ("cases.cancer_date", "cases.truth"),
        cancers_without_date,
    ),
    _rule(
        "Reading earlier that day than the examination",
        "readings",
        "error",
        ("cases.exam_date", "readings.read_at"),
        read_before_exam,
    ),
    _rule(
        "Unaided reading after the AI's result, never read aided",
        "readings",
        "error",
        _TIMES,
        unaided_after_ai,
    ),
    _rule("Aided reading before the AI's result", "readings", "error", _TIMES, aided_before_ai),
    _rule("No person's reading", "cases", "look", _PEOPLE, cases_unread),
    _rule("Reader without a reading", "readers", "look", _PEOPLE, readers_without_reading),
    _rule("No image", "cases", "look", ("images.case_id",), cases_without_image),
    _rule(
        "Cancer without a lesion",
        "cancers",
        "look",
        ("lesions.case_id", "cases.truth"),
        cancers_without_lesion,
    ),
    _rule(
        "Lesion in a case free of cancer",
        "cases",
        "look",
        ("lesions.case_id", "cases.truth"),
        lesions_without_cancer,
    ),
    _rule(
        "Two cases of one woman alike in every value",
        "cases",
        "error",
        ("cases.patient_id", "cases.exam_date"),
        cases_alike,
    ),
    _rule(
        "Two cases of one woman on one day, not alike",
        "cases",
        "look",
        ("cases.patient_id", "cases.exam_date"),
        cases_on_one_day,
    ),
    _rule(
        "One breast twice in an examination",
        "cases",
        "error",
        ("cases.exam_id", "cases.laterality"),
        breast_twice,
    ),
    _rule("Two images with the same file", "images", "error", ("images.sha256",), images_alike),
    _rule(
        "Lesion placed on images of both breasts",
        "lesions",
        "error",
        ("lesions.image_id", "images.laterality"),
        lesions_on_both_sides,
    ),
    _rule("Image without a side", "images", "look", ("images.image_id",), images_without_side),
    _rule(
        "One of the standard views missing",
        "cases",
        "look",
        ("images.view", "images.laterality"),
        views_missing,
    ),
    _rule(
        "Several results of one AI version",
        "cases and versions",
        "error",
        _AI,
        ai_results_repeated,
    ),
    _rule("Read by another version of the AI", "cases", "look", _AI, other_ai_version),
    _ai_rule("failed", "AI failed"),
    _ai_rule("missing", "AI gave no result"),
    _ai_rule("not_recorded", "AI result not recorded"),
    _ai_rule("no_score", "AI gave a call without a score"),
    _rule(
        "Recalled, without a reader's call recorded",
        "women recalled",
        "look",
        ("cases.recalled", "readings.call", *_PEOPLE),
        recalled_without_call,
    ),
    _rule(
        "Recalled, though no reader called",
        "women recalled",
        "look",
        ("cases.recalled", "readings.call", *_PEOPLE),
        recalled_against_calls,
    ),
    _rule(
        "Ages that do not fit the dates of examination",
        "women examined again",
        "error",
        ("cases.patient_id", "cases.exam_date", "cases.age_years"),
        ages_disagree,
    ),
    _missing_rule("age_years", "Age missing"),
    _missing_rule("density", "Density missing"),
    _missing_rule("exam_date", "Date of examination missing"),
)


def checked(rule: Rule, tables: Frames, part: str) -> RuleResult:
    """Return what a rule found, or why it could not be checked."""
    if part == "reader_study" and rule.count is unaided_after_ai:
        # Its cases were read by the AI beforehand; what readers saw is a matter of the software.
        return RuleResult(rule=rule, found=None, reason="in a reader study the AI reads first")
    lacking = [need for need in rule.needs if not _has(tables, need)]
    if lacking:
        return RuleResult(rule=rule, found=None, reason=f"no {joined(lacking)}")
    found = rule.count(tables)
    if not found.checked:
        reason = found.detail or "there is nothing to check"
        return RuleResult(rule=rule, found=None, reason=reason)
    return RuleResult(rule=rule, found=found)
