"""What chapter 08 says first: whether more lesions are found, in the right place."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_analyses import LocalizationAnalyses, names_of
from toolkit.chapters.localization.localization_foms import Endpoint
from toolkit.chapters.localization.localization_groups import LesionGroup
from toolkit.chapters.localization.localization_readers import CurveKind, Side, curves_of
from toolkit.chapters.localization.localization_rules import RuleResult
from toolkit.draw import html
from toolkit.draw.froc import FrocRole
from toolkit.results import Comparison, Result
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import answer_text, effect_phrase
from toolkit.words.wording import Form, capital, count_text, counted, number_text, some_of

FORMS: dict[Endpoint, Form] = {
    "wAFROC": "index",
    "wAFROC1": "index",
    "AFROC": "index",
    "AFROC1": "index",
    "HrAuc": "index",
    "ALROC": "index",
    "HrSe": "percent",
    "HrSp": "percent",
    "MaxLLF": "percent",
    "MaxNLF": "ratio",
    "lesion_sensitivity": "percent",
    "PCL": "percent",
}
# How tables and titles of panels name a figure of merit.
SHORT: dict[str, str] = {"lesion_sensitivity": "Lesions found"}
NOUNS = {"exam": "examination", "breast": "breast", "image": "image"}
ROLES: dict[Side, FrocRole] = {"a": "unaided", "b": "aided", "ai": "ai"}


def noun(study: LocalizedStudy) -> str:
    """Return what one case of the analysis is."""
    return NOUNS[study.plan.unit]


def per(study: LocalizedStudy) -> str:
    """Return what false marks are counted per: images where they are known."""
    return "image" if study.tables.images is not None else noun(study)


def measure(study: LocalizedStudy, endpoint: Endpoint) -> str:
    """Return a figure of merit in words."""
    plan, unit = study.plan, f"{noun(study)}s"
    budget = number_text(plan.nl_per_image or math.nan, digits=2)
    fraction = plan.false_positive_fraction
    whole = fraction is None or fraction == 1
    share = "" if whole else f" of {number_text(fraction or math.nan, digits=2)}"
    words: dict[Endpoint, str] = {
        "wAFROC": "weighted AFROC figure of merit",
        "wAFROC1": "weighted AFROC1 figure of merit",
        "AFROC": "AFROC figure of merit",
        "AFROC1": "AFROC1 figure of merit",
        "HrAuc": "AUC inferred from the highest mark",
        "HrSe": f"share of {unit} with cancer that have a mark",
        "HrSp": f"share of {unit} without cancer that have no mark",
        "MaxLLF": "share of lesions with a mark",
        "MaxNLF": f"number of false marks per {per(study)} without cancer",
        "lesion_sensitivity": f"share of lesions found at {budget} false marks per {per(study)}",
        "ALROC": "area under the LROC curve"
        + ("" if whole else f" up to a false-positive fraction{share}"),
        "PCL": f"share of cancers correctly localized at a false-positive fraction{share}",
    }
    return words[endpoint]


def short_name(endpoint: Endpoint) -> str:
    """Return how tables and titles of panels name a figure of merit."""
    return SHORT.get(endpoint, endpoint)


def heads(study: LocalizedStudy) -> tuple[str, str]:
    """Return the heads of the columns of what is compared."""
    if study.plan.of_ai:
        return "Readers", "AI"
    a, b = study.scored.study.modalities
    return capital(a), capital(b)


def side_names(study: LocalizedStudy) -> dict[Side, str]:
    """Return how figures and tables name the modalities and the AI."""
    a, b = names_of(study)
    if study.plan.of_ai:
        return {"a": "readers", "ai": "AI"}
    return {"a": a, "b": b, "ai": "AI alone"}


def rule_text(study: LocalizedStudy) -> str:
    """Return the hit rule as a sentence: it belongs to every number of the page."""
    return f"Hit rule: {study.scored.rule}."


def spoken(study: LocalizedStudy) -> dict[Side, str]:
    """Return how sentences name the modalities and the AI."""
    names = side_names(study)
    words = {"readers": "the readers", "AI": "the AI", "AI alone": "the AI alone"}
    return {side: words.get(name, name) for side, name in names.items()}


def counts_text(study: LocalizedStudy) -> str:
    """Return cases and lesions behind a figure."""
    truth = study.scored.study.truth
    cases = f"{count_text(truth.n_cases)} {noun(study)}s"
    return f"{cases}, {counted(int(truth.lesion_case.size), 'lesion')}"


def question(study: LocalizedStudy) -> str:
    """Return the question that the plan asks."""
    plan = study.plan
    place = 0 if plan.margin is None else 1
    default = (
        "find more lesions, in the right place,",
        "find as many lesions, in the right place,",
    )
    how = {
        "HrAuc": ("tell cancer from no cancer better", "tell cancer from no cancer as well"),
        "HrSe": ("mark more cancers", "mark as many cancers"),
        "HrSp": (
            f"leave more {noun(study)}s without cancer unmarked",
            f"leave as many {noun(study)}s without cancer unmarked",
        ),
        "MaxNLF": ("make fewer false marks", "make no more false marks"),
    }.get(plan.endpoint, default)[place]
    if not plan.of_ai:
        return f"Do readers {how} with {names_of(study)[1]}?"
    than = "as" if place and plan.endpoint != "MaxNLF" else "than"
    return f"Does the AI {how} {than} readers do?"


def answer(study: LocalizedStudy, found: LocalizationAnalyses) -> str:
    """Return the answer of the primary analysis, how many readers agree, and what limits it."""
    primary = found.primary
    form = FORMS[primary.endpoint]
    words = f"The {measure(study, primary.endpoint)}"
    if not study.plan.of_ai and study.n_people:
        words = f"The mean {measure(study, primary.endpoint)} of {people(study)}"
    parts = [answer_text(primary.difference, measure=words, form=form)]
    if len(primary.each) > 1:
        parts.append(f"{capital(_better(study, primary.each))}.")
    return " ".join([*parts, *_limits(study, found)])


def people(study: LocalizedStudy) -> str:
    """Return the count of readers in words."""
    return counted(study.n_people, "reader")


def _better(study: LocalizedStudy, each: Sequence[Comparison]) -> str:
    """Return how many readers b was better for, or the AI better than."""
    better = sum(
        (one.estimate > 0) == (one.better != "lower") and one.estimate != 0 for one in each
    )
    if study.plan.of_ai:
        return f"the AI was better than {some_of(better, len(each), 'reader')}"
    return f"{some_of(better, len(each), 'reader')} did better with {names_of(study)[1]}"


def _limits(study: LocalizedStudy, found: LocalizationAnalyses) -> list[str]:
    """Return what limits the answer, one sentence each."""
    sentences, random = [], study.plan.random
    if study.n_people == 1 and random != "cases":
        alone = [one for one in found.alternatives if one.name.startswith("These readers only")]
        if alone and alone[0].is_defined:
            words = effect_phrase(alone[0].difference, form=FORMS[alone[0].endpoint])
            sentences.append(f"For this reader alone: {words}.")
    elif 1 < study.n_people < FEW_READERS and random != "cases":
        words = capital(people(study))
        sentences.append(f"{words} are too few to speak for readers in general.")
    if random == "cases" and found.primary.is_defined:
        sentences.append("Readers are taken as fixed: the answer holds for these readers only.")
    if random == "readers" and found.primary.is_defined:
        sentences.append("Cases are taken as fixed: the answer holds for these cases only.")
    left_out = [note for note in study.scored.note.split("; ") if "were left out" in note]
    sentences += [f"{capital(note)}." for note in left_out if "cases" in note]
    return sentences


def bar(study: LocalizedStudy, found: LocalizationAnalyses) -> html.IntervalBar | None:
    """Return the headline's interval bar, or None where there is no interval."""
    difference = found.primary.difference
    if math.isnan(difference.ci_low):
        return None
    a, b = ("readers", "AI") if study.plan.of_ai else names_of(study)
    if difference.better == "lower":
        a, b = b, a
    return html.interval_bar(
        difference,
        left=f"{a} better",
        right=f"{b} better",
        role="ai" if study.plan.of_ai else "aided",
        form=FORMS[found.primary.endpoint],
    )


def facts(study: LocalizedStudy, found: LocalizationAnalyses) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    truth = study.scored.study.truth
    diseased = int(truth.diseased.sum())
    cases = f"{count_text(truth.n_cases)} ({count_text(diseased)} with cancer)"
    readers = f"{study.n_people}, fully crossed"
    if study.plan.of_ai:
        readers = f"{study.n_people}" + (" and the AI" if study.ai is not None else ", no AI")
    return [
        (f"{capital(noun(study))}s", cases),
        ("Lesions", f"{count_text(truth.lesion_case.size)}; hit: {study.scored.rule}"),
        ("Readers", readers),
        ("Primary analysis", f"Obuchowski\u2013Rockette. {found.primary.name}"),
    ]


def record(
    study: LocalizedStudy,
    found: LocalizationAnalyses,
    groups: Sequence[LesionGroup],
    rules: Sequence[RuleResult],
) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    kind: CurveKind = "lroc" if study.plan.paradigm == "LROC" else "froc"
    curves = {f"{kind}_{one.side}": one.mean for one in curves_of(study, kind)}
    by_group = {
        f"found_{group.kind}_{group.label}_{side}".replace(" ", "_"): estimate
        for group in groups
        for side, estimate in group.found.items()
    }
    return {**_of_analyses(study, found), **by_group, **_of_rules(rules), **curves}


def _of_analyses(study: LocalizedStudy, found: LocalizationAnalyses) -> dict[str, Result]:
    """Return the numbers of the primary analysis and of the others."""
    endpoint = study.plan.endpoint
    results: dict[str, Result] = {f"{endpoint}_difference": found.primary.difference}
    for mean, side in zip(found.primary.means, ("a", "b"), strict=False):
        results[f"{endpoint}_{side}"] = mean
    if found.primary.table is not None:
        results["figures_of_merit"] = found.primary.table
    for one in found.primary.each:
        reader = one.label_a if study.plan.of_ai else one.label
        results[f"{endpoint}_difference_{reader.lower()}"] = one
    for number, other in enumerate(found.alternatives, start=1):
        results[f"alternative_{number}"] = other.difference
    return results


def _of_rules(rules: Sequence[RuleResult]) -> dict[str, Result]:
    """Return the numbers of every hit rule that can be applied."""
    results: dict[str, Result] = {}
    for number, rule in enumerate(rules, start=1):
        if rule.analysis is not None:
            results[f"hit_rule_{number}_difference"] = rule.analysis.difference
        for place, row in enumerate(rule.rows, start=1):
            results[f"hit_rule_{number}_row_{place}"] = row
    return results
