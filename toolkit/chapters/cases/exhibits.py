"""Sentences of the chapter that shows cases: what each is, and why it was chosen."""

from __future__ import annotations

from toolkit.chapters.cases.analysis import CasesStudy, Kind, TellingCase
from toolkit.chapters.exhibit import Headline
from toolkit.results import Result
from toolkit.stats.proportions import proportion_ci
from toolkit.words.wording import capital, count_text, counted, joined, number_text, share_text

_CONDITIONS = {"unaided": "without AI", "aided": "with AI"}


def _condition(modality: str) -> str:
    """Return how sentences name a reading condition."""
    return _CONDITIONS.get(modality, f"in the modality {modality}")


def head(study: CasesStudy) -> Headline:
    """Return how many cancers most readers missed, and what the cases were chosen from."""
    facts = [
        ("AI", study.ai),
        ("Cancers with pictures", count_text(study.n_of_kind["rated low"])),
        ("Others with pictures", count_text(study.n_of_kind["rated high"])),
    ]
    if study.n_without_pictures:
        facts.append(("Rated, without pictures", count_text(study.n_without_pictures)))
    return Headline(
        question="What do the cases look like that the readers or the AI judged wrongly?",
        answer=_answer(study),
        facts=facts,
    )


def _answer(study: CasesStudy) -> str:
    """Return how many cancers most readers missed, and how few cases are shown."""
    read = _condition(study.modality)
    cancers = study.n_of_kind["rated low"]
    n_shown = len({case.case_id for cases in study.shown.values() for case in cases})
    if not cancers:
        missed = "There is no cancer among the cases with pictures"
    elif not study.n_cancers_called:
        missed = f"No reader called a cancer {read}"
    else:
        some = share_text(study.n_of_kind["missed by readers"], study.n_cancers_called)
        missed = f"More than half of the readers {read} did not recall {some}"
        missed += " cancer" if study.n_cancers_called == 1 else " cancers"
    if not n_shown:
        return f"{missed}. No case is shown."
    were = "was" if n_shown == 1 else "were"
    return f"{missed}. {capital(counted(n_shown, 'case'))} {were} chosen by rule to be looked at."


def opening(study: CasesStudy, kind: Kind) -> str:
    """Return the sentence above the pictures of a kind."""
    total, shown = study.n_of_kind[kind], len(study.shown[kind])
    if not total:
        return "There is none among the cases with pictures."
    order = {
        "missed by readers": "those that the AI rated highest first",
        "rated low": "the lowest first",
        "rated high": "the highest first",
    }[kind]
    if shown == total:
        few = {1: "The only one.", 2: f"Both, {order}."}
        return few.get(total, f"All {counted(total, 'of', 'of')} them, {order}.")
    return f"{capital(counted(shown, 'of', 'of'))} {count_text(total)}, {order}."


def labels(study: CasesStudy, kind: Kind) -> list[str]:
    """Return what is known of each case of a kind, in a sentence without an identifier."""
    return [label(case) for case in study.shown[kind]]


def label(case: TellingCase) -> str:
    """Return what is known of one case."""
    place, end = case.n_higher + 1, "highest"
    if case.n_lower < case.n_higher:
        place, end = case.n_lower + 1, "lowest"
    rating = number_text(case.ai_rating, digits=2).rstrip("0").rstrip(".")
    what = "; ".join(["Cancer" if case.cancer else "No cancer", *case.features])
    sentence = (
        f"{what}. The AI rated it {rating}, the {'' if place == 1 else _ordinal(place) + ' '}{end} "
        f"of {counted(case.n_rated, 'case')}"
    )
    said = [
        f"{recalls.recalled} of {recalls.called} {_condition(modality)}"
        for modality, recalls in case.recalls.items()
    ]
    return f"{sentence}; recalled by {joined(said)}." if said else f"{sentence}."


def _ordinal(number: int) -> str:
    """Return a place in a row."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{count_text(number)}{'th' if number % 100 in (11, 12, 13) else ending}"


def rule(study: CasesStudy) -> str:
    """Return how the cases were chosen."""
    return (
        "Chosen by rule, not by hand: missed is a cancer that more than half of the readers "
        f"{_condition(study.modality)} did not recall. Places count all cases that the AI "
        "rated; cases of one rating share a place, and keep the order of the cases table."
    )


def record(study: CasesStudy) -> dict[str, Result]:
    """Return the numbers of the chapter by name: the share of cancers that most readers missed."""
    cancers = study.n_cancers_called
    if not cancers:
        return {}
    missed = study.n_of_kind["missed by readers"]
    return {
        "missed_by_most_readers": proportion_ci(
            missed, cancers, quantity="share_missed_by_most_readers", label=study.ai
        )
    }
