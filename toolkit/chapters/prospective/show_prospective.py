"""What chapter 21 shows: the same women read with and without AI, and every planned endpoint."""

from __future__ import annotations

import math

from toolkit.chapters.ai_against_readers.show_paired import disagreement_phrase
from toolkit.chapters.prospective.screening_endpoints import ScreeningComparison, rate_difference
from toolkit.chapters.prospective.show_prospective_endpoints import WITH, WITHOUT
from toolkit.draw import html
from toolkit.draw.tables import PairedTables
from toolkit.results import Result
from toolkit.scoring.mcnemar_verdicts import Tests
from toolkit.stats.paired.counts import PairedCounts
from toolkit.words.sentences import (
    ci_phrase,
    decision_text,
    estimate_phrase,
    estimate_text,
    margin_phrase,
    verdict_word,
)
from toolkit.words.wording import count_text, counted, number_text, p_phrase, rate_text


def question(study: ScreeningComparison) -> str:
    """Return the question that the plan asks."""
    if study.plan.detection_ratio_margin is None:
        return "Does reading with AI find more cancers than reading without?"
    return "Does reading with AI find at least as many cancers as reading without?"


def answer(study: ScreeningComparison) -> str:
    """Return the answer: what was found both ways, the paired difference, the ratio, the margin."""
    ratio, counts = study.detection.ratio, study.detection.counts
    n_women = counts.n_pairs or 0
    noun = "cancer was" if counts.positive_b == 1 else "cancers were"
    found = (
        f"With AI {count_text(counts.positive_b)} {noun} found in {count_text(n_women)} women, "
        f"{WITHOUT} {count_text(counts.positive_a)}"
    )
    if math.isnan(ratio.estimate):
        return f"{verdict_word(ratio)} {found}; {_undefined_ratio(counts)}."
    difference = rate_difference(study.detection)
    rates = (
        f"{rate_text(counts.positive_b, n_women).split()[0]} against "
        f"{rate_text(counts.positive_a, n_women)}"
    )
    change = estimate_text(difference, unit=False)
    return (
        f"{verdict_word(ratio)} {found}: {rates}, a paired difference of {change} "
        f"({ci_phrase(difference)}). The ratio is {estimate_phrase(ratio)}, and "
        f"{margin_phrase(ratio)}."
    )


def _undefined_ratio(counts: PairedCounts) -> str:
    """Return why there is no ratio."""
    if counts.positive_b:
        return f"no ratio is defined while no cancer is found {WITHOUT}"
    return "no ratio is defined without cancers"


def bar(study: ScreeningComparison) -> html.IntervalBar | None:
    """Return the headline's interval bar, or None where there is no ratio."""
    ratio = study.detection.ratio
    if math.isnan(ratio.estimate + ratio.ci_low):
        return None
    return html.interval_bar(ratio, right="more cancers with AI", role="aided")


def facts(study: ScreeningComparison) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    women, ratio = study.women, study.detection.ratio
    undefined = math.isnan(ratio.estimate)
    decision = f"Not defined: {_undefined_ratio(study.detection.counts)}"
    return [
        (
            "Women",
            f"{count_text(women.n_women)} of {count_text(women.n_enrolled)}, each read both ways",
        ),
        ("Readers", f"{women.n_readers}; {_who_read(study)}"),
        ("Primary analysis", f"Paired ratio, {ratio.ci_method} interval"),
        ("Decision", decision if undefined else decision_text(ratio)),
    ]


def _who_read(study: ScreeningComparison) -> str:
    """Return whether one reader read a woman both ways."""
    women = study.women
    if not women.n_same_reader:
        return "with and without AI never the same reader"
    if women.n_same_reader == women.n_women:
        return "with and without AI the same reader"
    same = count_text(women.n_same_reader)
    return f"the same reader both ways for {same} women"


def immature(study: ScreeningComparison) -> str:
    """Return what follow-up does not allow to be said yet; empty once every woman is followed."""
    if study.mature:
        return ""
    months = number_text(study.plan.follow_up_months_needed, digits=1).removesuffix(".0")
    n, of = count_text(study.n_not_followed), count_text(study.n_not_recalled)
    who = (
        f"No follow-up of {months} months is on record for any of {of} women whom neither reading "
        "recalled."
        if study.n_not_followed == study.n_not_recalled
        else f"Of {of} women whom neither reading recalled, {n} "
        f"{'has' if study.n_not_followed == 1 else 'have'} not been followed for {months} months."
    )
    return (
        f"{who} Cancers that both readings missed are not known: sensitivity, specificity and "
        "interval cancers are not shown."
    )


def paired_view(study: ScreeningComparison) -> PairedTables:
    """Return the paired tables of women with a cancer found and of all others."""
    cancer, others, ratio = study.cancer, study.no_cancer, study.detection.ratio
    n_found = cancer.positive_b + cancer.only_a + (cancer.neither or 0)
    tables = tuple(
        html.TwoByTwo(
            title=title,
            n=f"n = {count_text(n)}",
            both=counts.both,
            row_only=counts.only_b,
            column_only=counts.only_a,
            neither=counts.neither,
        )
        for title, counts, n in (
            ("Cancer" if study.mature else "Cancer found", cancer, n_found),
            ("No cancer" if study.mature else "No cancer found", others, others.n_pairs or 0),
        )
    )
    unknown = (
        ""
        if study.mature
        else " Cancers that neither reading recalled can be known only after follow-up; until "
        "then those women stand at the right."
    )
    pending = (
        f" {counted(study.n_pending, 'woman', 'women').capitalize()} with a pending work-up "
        f"{'is' if study.n_pending == 1 else 'are'} in neither table."
        if study.n_pending
        else ""
    )
    found = _discordant(study.cancer_tests, disagreement_phrase(ratio, study.cancer_tests))
    return PairedTables(
        title="Recalls with and without AI, paired by woman",
        tables=tables,
        rows=("Recalled with AI", "Not recalled"),
        columns=("Recalled without AI", "Not recalled"),
        foot=(
            f"Shaded, the discordant pairs. {tables[0].title}: {found}. "
            f"{tables[1].title}: {_discordant(study.no_cancer_tests)}.{unknown}{pending}"
        ),
    )


def _discordant(tests: Tests, disagreement: str = "") -> str:
    """Return the discordant counts with both tests, and where they disagree with an interval."""
    midp, exact = tests
    return (
        f"{count_text(midp.only_b)} only {WITH} and {count_text(midp.only_a)} only {WITHOUT} "
        f"(McNemar mid-P {p_phrase(midp.p_value)}, exact {p_phrase(exact.p_value)}{disagreement})"
    )


def record(study: ScreeningComparison) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {
        "detection_ratio": study.detection.ratio,
        "detection_difference_per_1000": rate_difference(study.detection),
        "recall_difference": study.recall.difference,
        "recall_ratio": study.recall.ratio,
        "ppv1_difference": study.ppv_difference,
        "ppv1_ratio": study.ppv_ratio,
        "readings_difference": study.readings,
        "cancer": study.cancer,
        "no_cancer": study.no_cancer,
        "cancer_mcnemar_midp": study.cancer_tests[0],
        "cancer_mcnemar_exact": study.cancer_tests[1],
        "no_cancer_mcnemar_midp": study.no_cancer_tests[0],
        "no_cancer_mcnemar_exact": study.no_cancer_tests[1],
    }
    if study.biopsy is not None:
        results["biopsy_difference_per_1000"] = rate_difference(study.biopsy)
        results["biopsy_ratio"] = study.biopsy.ratio
    if study.time is not None:
        results["reading_time_ratio"] = study.time
    for group in study.subgroups:
        results[f"detection_ratio.{group.label}"] = group.ratio
    return results
