"""The numbers that the demo's book displays are those of its tables.

Each chapter's tables, facts and sentences are read from the delivered pages and held against
``tests.recomputed``, at the printed precision.
"""

import ast
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.printed_numbers import Page, Row
from tests.recomputed import (
    CUTOFF,
    GROUPS,
    INF,
    MODALITIES,
    agreement,
    ai_compared,
    auc_limits,
    covariance_parts,
    delong,
    interval,
    judged,
    likelihood_ratio,
    marks_scored,
    mcnemar,
    mean_of_readers,
    mean_over_both,
    modalities_compared,
    of_calls,
    percent,
    predictive_values,
    prospective_women,
    reader_study,
    screening_programme,
    standardised,
    standardised_categories,
    study,
    tang,
    tango,
    wafroc,
    weighted_auc,
    weighted_share,
    wide,
    wilson,
    women_ahead,
)


def share_of(part: pd.Series, whole: pd.Series) -> tuple[float, float, float]:
    return float(part.sum()), float(whole.sum()), 100 * float(part.sum() / whole.sum())


def first(texts: str, values: dict[str, float]) -> tuple[float, ...]:
    return tuple(values[text] for text in texts.split())


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


def check_02(page: Page) -> None:
    cases = screening_programme()
    known, scored, cancer = cases["truth"].notna(), cases["score"].notna(), cases["truth"] == 1
    n, judged_too = len(cases), int((known & scored).sum())
    page.says("# of # (#%) examinations have an AI score", judged_too, n, 100 * judged_too / n)
    page.says(
        "Of the other #, # lack only the diagnosis, # only the AI score and # both",
        *(n - judged_too, (~known & scored).sum(), (known & ~scored).sum()),
        (~known & ~scored).sum(),
    )
    page.fact("Cancers", cancer.sum(), (cancer & scored).sum())
    free = cases["truth"] == 0
    timed = cases["truth_source"].str.startswith("follow_up", na=True)
    short = free & timed & (cases["follow_up_months"] < 24)
    page.says("# of # (#%) examinations counted as without", *share_of(short, free))
    page.fact("Women", cases["patient_id"].nunique())
    check_02_characteristics(page, cases, cancer)


def check_02_characteristics(page: Page, cases: pd.DataFrame, cancer: pd.Series) -> None:
    title, groups = "Examinations, by final diagnosis", (cancer | ~cancer, cancer, ~cancer)
    columns = [
        f"{name}, N = {group.sum():,}"
        for name, group in zip(("All", "Cancer", "No cancer or not known"), groups, strict=True)
    ]
    for label, name in (("Age, years", "age_years"), ("AI score", "score")):
        row = page.row(title, f"{label}: median (IQR)")
        for column, group in zip(columns, groups, strict=True):
            row.is_(column, *np.nanquantile(cases[name][group], [0.5, 0.25, 0.75]))
        row.is_("SMD", standardised([cases[name][g].dropna().to_numpy() for g in groups[1:]]))
    earlier = cases["exam_date"] > cases.groupby("patient_id")["exam_date"].transform("min")
    rows = {"Earlier examination in these data, n (%)": earlier, "No score": cases["score"].isna()}
    for name, label in (
        ("density", "Breast density"),
        ("indication", "Indication"),
        ("site", "Site"),
        ("device", "Mammography system"),
    ):
        for value in cases[name].dropna().unique():
            shown = str(value).replace("_", "-")
            rows[shown[0].upper() + shown[1:]] = cases[name] == value
        distance = standardised_categories(cases[name][cancer], cases[name][~cancer])
        page.row(title, f"{label}, n (%)").is_("SMD", distance)
    for label, member in rows.items():
        row = page.row(title, label)
        for column, group in zip(columns, groups, strict=True):
            count = member[group].sum()
            row.is_(
                column, *((count,) if label == "No score" else (count, 100 * count / group.sum()))
            )


def accuracy_rows(row: Row, cases: pd.DataFrame, call: pd.Series) -> None:
    """Check sensitivity and specificity of a call, counts beside weighted shares."""
    for side, value in (("Sensitivity", 1), ("Specificity", 0)):
        own = cases[cases["truth"] == value]
        right = call[own.index] == value
        share = percent(share_in(own, right))
        row.is_(f"{side}: n/N", right.sum(), len(own)).is_(f"{side}: %", share[0])
        row.is_(f"{side}: 95% CI", *share[1:])


def share_in(cases: pd.DataFrame, event: pd.Series, **choices: float) -> tuple[float, float, float]:
    return weighted_share(event.astype(float), cases["weight"], cases["patient_id"], **choices)


def check_unverified(page: Page, marked: str, test: str) -> None:
    """Check the bounds where what nobody worked up held as many cancers as what was recalled."""
    cases = judged("Screening")
    weight, sick, ai = cases["weight"], cases["truth"] == 1, cases["ai"] == 1
    recalled, hidden = cases["programme"] == 1, cases["unverified"] & ai
    ppv = weight[ai & recalled & sick].sum() / weight[ai & recalled].sum()
    extra, cancers = ppv * weight[hidden].sum(), weight[sick].sum()
    found, seen = weight[sick & ai].sum(), weight[sick & recalled].sum()
    page.says(f"# examinations {marked} were not recalled", hidden.sum())
    page.says(f"as frequent there as among recalled examinations {marked} (#%)", 100 * ppv)
    page.says(
        f"sensitivity would be #% for {test} and #% for the programme",
        *percent(((found + extra) / (cancers + extra), seen / (cancers + extra))),
    )


def check_04(page: Page) -> None:
    everyone = screening_programme()
    for label, indication in GROUPS.items():
        every = everyone[(everyone["indication"] == indication) & everyone["score"].notna()]
        known = judged(label)
        title = "Examinations and cancers by score, "
        title += "screening" if label == "Screening" else "other indications"
        heads = ("In the class: ", "Cancers: ") if label == "Screening" else (f"{label}: ",) * 2
        event_weight = known["weight"][known["truth"] == 1].mean()
        for number in range(10, 0, -1):
            row = page.row(title, str(number))
            share = percent(share_in(every, every["score_class"] == number))
            row.is_(f"{heads[0]}n", (every["score_class"] == number).sum())
            row.is_(f"{heads[0]}%", share[0])
            own = known[known["score_class"] == number]
            sick = own["truth"] == 1
            rate = [1000 * v for v in share_in(own, sick, event_weight=event_weight)]
            counts = "Cancers: n/N" if label == "Screening" else f"{label}: Cancers"
            row.is_(counts, sick.sum(), len(own)).is_(f"{heads[1]}per 1,000", rate[0])
            row.is_(f"{heads[1]}95% CI", *rate[1:])
            if label == "Screening":
                row.is_(f"{heads[0]}95% CI", *share[1:])
        rate = [1000 * value for value in share_in(known, known["truth"] == 1)]
        row = page.row(title, "All").is_(f"{heads[1]}per 1,000", rate[0])
        row.is_(f"{heads[1]}95% CI", *rate[1:])
    check_04_answer(page)


def check_04_answer(page: Page) -> None:
    everyone, known = screening_programme(), judged("Screening")
    every = everyone[(everyone["indication"] == "screening") & everyone["score"].notna()]
    low, top = ((every["score_class"] <= 4), every["score_class"] == 10)
    page.says(
        "Scores # to # hold #% of the screening examinations, by their sampling weights, where #% "
        "is expected; score # holds #%",
        *(1, 4, 100 * share_in(every, low)[0], 40, 10, 100 * share_in(every, top)[0]),
    )
    sick, own = known["truth"] == 1, known["score_class"]
    page.says(
        "# cancers per 1,000 at scores 1 to 5, # per 1,000 at score 10, which holds # of #",
        *(1000 * share_in(known[rows], sick[rows])[0] for rows in (own <= 5, own == 10)),
        *((sick & (own == 10)).sum(), sick.sum()),
    )
    page.fact("Screening, verified", len(known), sick.sum())
    every_known = judged("all")
    high = every_known["score_class"] >= 8
    page.says(
        "Scores # to # hold # of # cancers in #% of the examinations, all indications together",
        *(8, 10, (high & (every_known["truth"] == 1)).sum(), (every_known["truth"] == 1).sum()),
        100 * share_in(every_known, high)[0],
    )
    lacking = everyone["score"].isna()
    page.says(
        "# of # (#%) have no score; they hold # of the # cancers known",
        *share_of(lacking, everyone["weight"] > 0),
        *((lacking & (everyone["truth"] == 1)).sum(), (everyone["truth"] == 1).sum()),
    )
    states = study()["retrospective"]["readings"].query("modality == 'standalone'")["status"]
    for label, state in (("Complete", "complete"), ("Failed", "failed"), ("Missing", "missing")):
        names = page.table("What the AI returned").rows
        row = page.row("What the AI returned", next(n for n in names if n.startswith(label)))
        share = percent(wilson((states == state).sum(), len(states)))
        row.is_("n", (states == state).sum()).is_("%", share[0]).is_("95% CI", *share[1:])
    check_unverified(page, "at score 10", "score 10")


def check_05(page: Page) -> None:
    cases = judged("Screening")
    page.says("the AI reached an AUC of # (95% CI ##)", *weighted_auc(cases))
    page.fact("Screening examinations", len(cases), (cases["truth"] == 1).sum())
    scores = page.table("Accuracy of the AI at the cut-offs given").rows
    for cutoff in (9.5, 8.5, 7.5):
        score = next(label for label in scores if str(cutoff) in label)
        marked = (cases["score"] >= cutoff).astype(float)
        accuracy_rows(page.row("Accuracy of the AI at the cut-offs given", score), cases, marked)
        row = page.row("What a score above the cut-off means", score)
        for side, value in (("PPV", 1), ("NPV", 0)):
            own = cases[marked == value]
            right = own["truth"] == value
            share = percent(share_in(own, right))
            row.is_(f"{side}: n/N", right.sum(), len(own)).is_(f"{side}: %", share[0])
            row.is_(f"{side}: 95% CI", *share[1:])
        for side, value in (("marked", 1), ("not marked", 0)):
            ratio = likelihood_ratio(cases, (marked == value).astype(float))
            row.is_(f"LR, {side}: Ratio", ratio[0])
            row.is_(f"LR, {side}: 95% CI", *ratio[1:])
    for label in (*GROUPS, "All indications together"):
        own = judged(label)
        row = page.row("Accuracy at score 10", label)
        accuracy_rows(row, own, own["ai"])
    check_unverified(page, "that the AI marked", "the AI")


def check_06(page: Page) -> None:
    data = reader_study()
    truth, calls = data["truth"], data["unaided call"]
    panel = (calls.mean(axis=1) > 0.5).astype(float)
    # The AI's cut-off: the lowest at least as specific as the panel.
    right = ((1 - panel) * (1 - truth)).sum()
    cutoff = min(c for c in np.unique(data["AI"]) if (data["AI"][truth == 0] < c).sum() >= right)
    marked = (data["AI"] >= cutoff).astype(float)
    check_06_accuracy(page, marked, panel)
    ratings = np.column_stack([data["unaided rating"], data["AI"]])
    every_call = np.column_stack([calls, marked])
    figures = {"AUC": delong(truth, ratings)}
    for side, value in (("Sensitivity", 1), ("Specificity", 0)):
        figures[side] = of_calls(truth, every_call, value)
    row = page.row("Accuracy of the AI and of each reader", "Readers: mean")
    for side, (values, own) in figures.items():
        scale = 1 if side == "AUC" else 100
        mean, low, high = mean_of_readers(values[:-1], own[:-1, :-1])
        row.is_(f"{side}: {'AUC' if side == 'AUC' else '%'}", scale * mean)
        row.is_(f"{side}: 95% CI", scale * low, scale * high)
    check_06_analyses(page, figures)
    check_06_pairs(page, truth, marked, panel)


def check_06_accuracy(page: Page, marked: np.ndarray, panel: np.ndarray) -> None:
    data = reader_study()
    truth, calls, ratings = data["truth"], data["unaided call"], data["unaided rating"]
    rows = {"AI alone": (marked, data["AI"]), "Readers: panel": (panel, None)}
    for place in range(calls.shape[1]):
        rows[f"R{place + 1}"] = calls[:, place], ratings[:, place]
    for label, (call, rating) in rows.items():
        row = page.row("Accuracy of the AI and of each reader", label)
        for side, value in (("Sensitivity", 1), ("Specificity", 0)):
            k, n = int((call[truth == value] == value).sum()), int((truth == value).sum())
            share = percent(wilson(k, n))
            row.is_(f"{side}: n/N", k, n).is_(f"{side}: %", share[0])
            row.is_(f"{side}: 95% CI", *share[1:])
        if rating is not None:
            auc, low, high = auc_limits(truth, rating)
            row.is_("AUC: AUC", auc).is_("AUC: 95% CI", low, high)


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


NAMES = {"Programme": "programme", "First read": "first_read"}


def check_06b(page: Page) -> None:
    cases = judged("Screening")
    title = "Accuracy of the AI and of each reader"
    calls = {
        "AI alone": "ai",
        "Readers: programme": "programme",
        "Readers: first read": "first_read",
    }
    for label, name in calls.items():
        accuracy_rows(page.row(title, label), cases, cases[name])
    auc, low, high = weighted_auc(cases)
    page.row(title, "AI alone").is_("AUC: AUC", auc).is_("AUC: 95% CI", low, high)
    readings = study()["retrospective"]["readings"]
    people = readings[readings["position"].isin([1, 2])]
    names = [
        n for n in study()["retrospective"]["readers"]["reader_id"] if n in set(people.reader_id)
    ]
    for place, name in enumerate(names):
        own = people[people["reader_id"] == name].set_index("case_id")["call"]
        own = own[own.index.isin(cases.index)]
        accuracy_rows(page.row(title, f"R{place + 1}"), cases.loc[own.index], own)
    for label in (*GROUPS, "All indications together"):
        of_group = judged(label)
        for who, name in (
            ("AI alone", "ai"),
            ("Programme", "programme"),
            ("First read", "first_read"),
        ):
            row = page.row("The AI at score 10", f"{label}: {who}")
            accuracy_rows(row, of_group, of_group[name])
    for other, words, title in (
        ("programme", "the programme", "The AI and the programme"),
        ("first_read", "the first reads", "The AI and the first reads"),
    ):
        check_06b_pairs(page, cases, other, words, title)
    check_unverified(page, "that the AI marked", "the AI")


def check_06b_pairs(page: Page, cases: pd.DataFrame, other: str, words: str, title: str) -> None:
    """Check the paired tables and the differences: Tango's of cancers, else linearised."""
    who = "Programme" if other == "programme" else "First read"
    for part, value in (("With cancer", 1), ("Without", 0)):
        own = cases[cases["truth"] == value]
        for label, call in (("AI recalls", 1), ("AI does not", 0)):
            row = page.row(f"{title}, paired by", label, part)
            a = own.loc[own["ai"] == call, other]
            row.is_(f"{who} recalls", (a == 1).sum()).is_(f"{who} does not", (a == 0).sum())
            row.is_("Total", len(a))
    sick, healthy = cases[cases["truth"] == 1], cases[cases["truth"] == 0]
    only_b = int(((sick["ai"] == 1) & (sick[other] == 0)).sum())
    only_a = int(((sick["ai"] == 0) & (sick[other] == 1)).sum())
    page.says(
        f"Sensitivity, AI minus {words}: # points (95% CI ##; McNemar mid-P P #, exact P #)",
        *percent(tango(only_b, only_a, len(sick))),
        *mcnemar(only_b, only_a),
    )
    gain = healthy[other] - healthy["ai"]  # right calls, AI minus the other
    weight = healthy["weight"] / healthy["weight"].sum()
    mean = (weight * gain).sum()
    by_woman = (weight * (gain - mean)).groupby(healthy["patient_id"]).sum()
    n = len(by_woman)
    found = interval(mean, n / (n - 1) * (by_woman**2).sum(), INF)
    page.says(
        f"Specificity, AI minus {words}: # points (95% CI ##;",
        *percent(first("estimate low high", found)),
    )


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


def check_08(page: Page) -> None:
    scored, title = marks_scored(), "Figure of merit and lesions found, by reader"
    areas, covariance = wafroc()
    n_images, n_lesions = len(study()["reader_study"]["images"]), len(scored["case"])
    marked = [(scored[f"{modality} lesions"] > -INF) for modality in MODALITIES]
    false = [scored[f"{modality} n false"] / n_images for modality in MODALITIES]
    mean = page.row(title, "Mean").is_("Difference", (areas[1] - areas[0]).mean())
    for place, side in enumerate(("Unaided", "Aided")):
        mean.is_(f"Weighted AFROC: {side}", areas[place].mean())
        mean.is_(f"Lesions found: {side}", 100 * marked[place].mean())
        mean.is_(f"False marks per image: {side}", false[place].mean())
        for reader in range(areas.shape[1]):
            row = page.row(title, f"R{reader + 1}")
            row.is_(f"Weighted AFROC: {side}", areas[place, reader])
            row.is_(f"Lesions found: {side}", marked[place][:, reader].sum(), n_lesions)
            row.is_(f"False marks per image: {side}", false[place][reader])
            row.is_("Difference", areas[1, reader] - areas[0, reader])
    compared = modalities_compared(areas, covariance)
    for label, name in (
        ("Readers and cases random; jackknife", "both random"),
        ("These readers only, cases random; jackknife", "cases random"),
        ("These cases only, readers random", "readers random"),
    ):
        found = compared[name]
        row = page.row("The analysis of the answer, and others", label)
        row.is_("Unaided", areas[0].mean()).is_("Aided", areas[1].mean())
        row.is_("Diff.", found["estimate"]).is_("95% CI", *first("low high", found))
        row.is_("P", found["p"])
    ai = scored["standalone lesions"][:, 0] > -INF
    page.says(
        "# of # (#%) at # by the AI alone",
        *(ai.sum(), ai.size, 100 * ai.mean(), scored["standalone n false"][0] / n_images),
    )
    missed = marked[1].mean(axis=1) < 0.5
    page.says("# of # (#%) lesions were missed", missed.sum(), missed.size, 100 * missed.mean())
    page.says("the AI found # of them", (ai & missed).sum())
    page.says(
        "The mean weighted AFROC area of # readers was # for unaided reading and # for aided "
        "reading: a difference of # (95% CI ##)",
        *(areas.shape[1], *areas.mean(axis=1)),
        *first("estimate low high", compared["both random"]),
    )


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
    check_09_answer(page, recorded)


def check_09_answer(page: Page, recorded: np.ndarray) -> None:
    data = reader_study()
    logs = np.log(np.minimum(recorded, 600))
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
    page.says("The ratio of times is # (95% CI ##) for a score", *ratios[0])
    page.says("and # (95% CI ##) for a score of 10", *ratios[1])
    page.says("# (95% CI ##) for examinations without cancer", *ratios[2])
    page.says("# (95% CI ##) for examinations with cancer", *ratios[3])


def check_10(page: Page) -> None:
    data = reader_study()
    check_agreement(page, data["unaided call"], (data["AI"] >= CUTOFF).astype(float), once=True)


def check_10b(page: Page) -> None:
    tables = study()["retrospective"]
    readings = tables["readings"]
    people = readings[(readings["modality"] == "unaided") & (readings["position"] != 3)]
    calls = people.pivot_table(index="case_id", columns="reader_id", values="call")
    calls = calls.reindex(tables["cases"]["case_id"])
    order = [name for name in tables["readers"]["reader_id"] if name in calls]
    score = wide("retrospective", "standalone", "rating").iloc[:, 0].reindex(calls.index)
    ai = (score >= CUTOFF).astype(float).where(score.notna())
    check_agreement(page, calls[order].to_numpy(float), ai.to_numpy(float), once=False)


def check_agreement(page: Page, calls: np.ndarray, ai: np.ndarray, *, once: bool) -> None:
    """Check the agreement of readers and AI, with limits where every woman comes once."""
    together = agreement(calls, 2)
    row = page.row("Agreement of all readers, beyond chance", "Recall")
    row.is_("Examinations", len(calls)).is_("AC1", together["ac1"][0])
    row.is_("Kappa", together["kappa"][0])
    if once:
        row.is_("AC1: 95% CI", *together["ac1"][1:]).is_("Kappa: 95% CI", *together["kappa"][1:])
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
        if once:
            row.is_("AC1: 95% CI", *found["ac1"][1:])
        with_ai.append(found["ac1"][0])
    page.says(
        "agreed with a reader by an AC1 of # on average (# to #), two readers by # on average "
        "(# to #)",
        *(np.mean(with_ai), min(with_ai), max(with_ai)),
        *(np.mean(of_pairs), min(of_pairs), max(of_pairs)),
    )


def check_12(page: Page) -> None:
    """Check the strategies that no modelled arbiter decides in."""
    cases = screening_programme()
    cases = cases[(cases["indication"] == "screening") & cases["truth"].notna()]
    people = study()["retrospective"]["readings"].query("modality == 'unaided'")
    calls = people.pivot_table(index="case_id", columns="position", values="call")
    first, second, arbiter = (calls[place].reindex(cases.index) for place in (1, 2, 3))
    score, differ = cases["score"], first != second
    now, now_reads = first.where(~differ, arbiter), 2 + differ
    ways = {
        "Current practice": (now, now_reads),
        "Triage at 9.5": (now.where(~(score < 9.5), first), now_reads.where(~(score < 9.5), 1)),
        "Single": (first, pd.Series(1, index=cases.index)),
        "Double": (first + second - first * second, pd.Series(2, index=cases.index)),
    }
    for low in (3.5, 5.5, 7.5):
        unread = score < low
        ways[f"Rule-out at {low}"] = (now.where(~unread, 0), now_reads.where(~unread, 0))
    for name, (call, reads) in ways.items():
        check_strategy(page, name, cases, call)
        row = page.row("Reading and arbitration of each way of reading", name)
        row.is_("Reads by people: n", reads.sum())
        per_1000 = 1000 * np.average(reads, weights=cases["weight"])
        row.is_("per 1,000", per_1000).is_("Hours per 1,000", per_1000 * 60 / 3600)
        if name == "Current practice":
            continue
        row = page.row("Difference from current practice", name)
        more = (call - now) * cases["truth"]
        row.is_("Only it", (more > 0).sum()).is_("Only now", (more < 0).sum())
        change = 1000 * np.average(more, weights=cases["weight"])
        row.is_("Cancers found: per 1,000", change)
        row.is_("points", 100 * np.average(call - now, weights=cases["weight"]))


def check_strategy(page: Page, name: str, cases: pd.DataFrame, call: pd.Series) -> None:
    """Check cancers found and recalls of one way of reading, with what nobody can know."""
    found, recalled = call * cases["truth"], call == 1
    lost = (cases["truth"] == 1) & (cases["recalled"] == 1) & ~recalled
    row = page.row("Cancers found and recalls of each way of reading", name)
    row.is_("Cancers found: n", found.sum())
    rate, *limits = (1000 * value for value in share_in(cases, found))
    row.is_("per 1,000", rate).is_("Cancers found: 95% CI", *limits)
    row.is_("No work-up", (recalled & cases["unverified"]).sum()).is_("No recall", lost.sum())
    shares = percent(share_in(cases, recalled))
    row.is_("Recalled: %", shares[0]).is_("Recalled: 95% CI", *shares[1:])
    values = percent(share_in(cases[recalled], found[recalled]))
    row.is_("PPV: %", values[0]).is_("PPV: 95% CI", *values[1:])


def check_14(page: Page) -> None:
    data, tables = reader_study(), study()["reader_study"]
    recalled = [data[f"{modality} call"].sum(axis=1).astype(int) for modality in MODALITIES]
    n_readers = data["unaided call"].shape[1]
    frame = tables["cases"].assign(score=data["AI"], without=recalled[0], with_ai=recalled[1])
    sick = frame["truth"] == 1
    missed = frame[sick & (frame["without"] < n_readers / 2)]
    page.says("did not recall # of # (#%) cancers", *share_of(missed["truth"], frame["truth"]))
    lesions = tables["lesions"].sort_values("size_mm").drop_duplicates("case_id", keep="last")
    lesions = lesions.set_index("case_id")
    shown = {
        "highest": [*missed.nlargest(3, "score").index, *frame[~sick].nlargest(3, "score").index],
        "lowest": list(frame[sick].nsmallest(3, "score").index),
    }
    for end, rows in shown.items():
        rank = frame["score"].rank(method="min", ascending=end == "lowest")
        for case in frame.loc[rows].itertuples():
            place = int(rank[case.Index])
            words = f"{case.age_years:.0f} years; density {case.density}"
            if case.truth == 1:
                lesion = lesions.loc[case.case_id]
                words += f"; {lesion.lesion_type}, {lesion.histology}, {lesion.size_mm:.0f} mm"
            page.says(
                f"{words}. The AI rated it #, the #{ordinal(place)} {end} of # cases; recalled by "
                "# of # without AI and # of # with AI",
                *(case.score, place, len(frame)),
                *(case.without, n_readers, case.with_ai, n_readers),
            )


def ordinal(number: int) -> str:
    tail = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return "th" if number % 100 in (11, 12, 13) else tail


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
    check_20_projection(page, n, pace, planned)
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


def check_20_projection(page: Page, n: int, pace: float, planned: float) -> None:
    paces = {
        "Pace of months 7 to 10": pace,
        "A tenth slower": 0.9 * pace,
        "A tenth faster": 1.1 * pace,
        "Planned rate from now on": (13500 - planned) / 14,
        "Needed for month 24": (13500 - n) / 14,
    }
    for label, each in paces.items():
        below = {month: women_ahead(4 * each, 4, month - 10, 0.15) for month in range(11, 40)}
        row = page.row("What the answer depends on", label).is_("Women a month", each)
        middle, low, high = (n + np.searchsorted(below[24], p) for p in (0.5, 0.025, 0.975))
        row.is_("Women at month 24: n", middle).is_("Women at month 24: 95% PI", low, high)
        chance = {month: 1 - own[13500 - n - 1] for month, own in below.items()}
        met = [min(m for m, own in chance.items() if own >= p) for p in (0.5, 0.025, 0.975)]
        row.is_("Target met: Month", met[0]).is_("Target met: 95% PI", *met[1:])
        row.is_("Chance by month: 24", 100 * chance[24]).is_(
            "Chance by month: 36", 100 * chance[36]
        )


def check_21(page: Page) -> None:
    women, title = prospective_women(), "Endpoints, the same women read both ways"
    calls, truth, known = women["calls"], women["truth"], women["known"]
    page.fact("Women", len(truth), len(study()["prospective"]["cases"]))
    for label, scale, event in (
        ("Cancers found, per 1,000", 1000, (calls * truth[:, None])[known]),
        ("Recalls, %", 100, calls),
        ("Biopsies, per 1,000", 1000, (calls * women["biopsied"][:, None])[women["biopsy known"]]),
    ):
        difference, ratio = paired(event)
        row = page.row(title, label)
        for place, side in enumerate(("Without AI", "With AI")):
            count = event[:, place].sum()
            row.is_(f"{side}: n", count).is_(f"{side}: Rate", scale * count / len(event))
        row.is_("Difference", scale * difference[0]).is_("Ratio", ratio[0])
        row.is_("With minus without: 95% CI", *(scale * limit for limit in difference[1:]))
        row.is_("With to without: 95% CI", *ratio[1:])
    ppv = predictive_values(truth[known], calls[known])
    row = page.row(title, "PPV of recall (PPV1), %")
    for place, side in enumerate(("Without AI", "With AI")):
        counts = (calls[known, place] * truth[known]).sum(), calls[known, place].sum()
        row.is_(f"{side}: n", *counts).is_(f"{side}: Rate", 100 * ppv["each"][place])
    row.is_("Difference", 100 * ppv["difference"][0]).is_("Ratio", ppv["ratio"][0])
    row.is_("With minus without: 95% CI", *percent(ppv["difference"][1:]))
    row.is_("With to without: 95% CI", *ppv["ratio"][1:])
    check_21_answer(page)
    check_21_pairs(page, calls[known], truth[known])
    check_21_times(page)


def paired(event: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return difference and ratio of the second column's share to the first, with limits."""
    x, y = event.T == 1
    both, only_b, only_a = (int(cell.sum()) for cell in (x & y, ~x & y, x & ~y))
    return tango(only_b, only_a, len(event)), tang(both, only_b, only_a)


def found_and_recalled() -> tuple[np.ndarray, np.ndarray]:
    """Return cancers found among women whose work-up is over, and recalls of all, (women, 2)."""
    women = prospective_women()
    return (women["calls"] * women["truth"][:, None])[women["known"]], women["calls"]


def check_21_answer(page: Page) -> None:
    found, recalls = found_and_recalled()
    (x, y), n = found.sum(axis=0), len(found)
    difference, ratio = paired(found)
    page.says(
        "With AI # cancers were found in # women, without AI #: # against # per 1,000, a paired "
        "difference of # (95% CI ##). The ratio is # (95% CI ##)",
        *(y, n, x, 1000 * y / n, 1000 * x / n),
        *(1000 * value for value in difference),
        *ratio,
    )
    (x, y), n = recalls.sum(axis=0), len(recalls)
    page.says(
        "With AI # women were recalled (#%), without AI # (#%): a difference of # points "
        "(95% CI ##)",
        *(y, 100 * y / n, x, 100 * x / n),
        *percent(paired(recalls)[0]),
    )


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


def check_21_times(page: Page) -> None:
    """Check the ratio of reading times, readers as units: paired t on logarithms."""
    readings = study()["prospective"]["readings"]
    chosen = readings["case_id"].isin(prospective_women()["case_id"])
    logs = readings[chosen & (readings["status"] == "complete")]
    logs = logs.assign(log=np.log(logs["reading_time_s"]))
    by_reader = logs.groupby(["reader_id", "modality"])["log"].mean().unstack()
    by_reader = by_reader.loc[:, list(MODALITIES)].dropna()
    gain = by_reader["aided"] - by_reader["unaided"]
    found = interval(gain.mean(), gain.var(ddof=1) / len(gain), len(gain) - 1)
    row = page.row("Endpoints, the same women read both ways", "Reading time, s")
    for side, modality in (("Without AI", "unaided"), ("With AI", "aided")):
        row.is_(f"{side}: Rate", np.exp(by_reader[modality].mean()))
    row.is_("Ratio", np.exp(found["estimate"]))
    row.is_("With to without: 95% CI", *np.exp(first("low high", found)))


@cache
def claims() -> dict[str, tuple[float, ...]]:
    """Return estimate, limits and, of superiority, P of each claim of the plan, and of the rest."""
    data = reader_study()
    truth = data["truth"]
    calls, ratings = (
        np.hstack([data[f"{modality} {column}"] for modality in MODALITIES])
        for column in ("call", "rating")
    )
    figures = {
        "auc": delong(truth, ratings),
        "sensitivity": of_calls(truth, calls, 1),
        "specificity": of_calls(truth, calls, 0),
    }
    found = {
        name: modalities_compared(values.reshape(2, -1), covariance)["both random"]
        for name, (values, covariance) in figures.items()
    }
    found["wafroc"] = modalities_compared(*wafroc())["both random"]
    unaided = np.column_stack([data["unaided rating"], data["AI"]])
    found["ai"] = ai_compared(*delong(truth, unaided))["both random"]
    compared = {name: first("estimate low high p", own) for name, own in found.items()}
    for name in ("sensitivity", "specificity"):
        compared[name] = (*percent(compared[name][:3]), compared[name][3])
    times = np.stack([data[f"{m} reading_time_s"] for m in MODALITIES], axis=2)
    logs = np.log(np.minimum(times, 600))
    own = mean_over_both(logs[:, :, 1] - logs[:, :, 0])
    detection, recall = map(paired, found_and_recalled())
    compared["time"] = tuple(np.exp(first("estimate low high", own)))
    compared |= {"detection": detection[1], "recall": percent(recall[0])}
    sick = judged("Screening").query("truth == 1")
    only = [((sick["ai"] == a) & (sick["programme"] == 1 - a)).sum() for a in (1, 0)]
    return compared | {"programme": percent(tango(*only, len(sick)))}


def check_90(page: Page) -> None:
    for label, name in (
        ("1. Non-inferiority, AUC [06]", "ai"),
        ("2. Superiority, AUC [07]", "auc"),
        ("3. Non-inferiority, detection rate [21]", "detection"),
        ("4. Non-inferiority, recall rate [21]", "recall"),
        ("5. Superiority, sensitivity [07]", "sensitivity"),
        ("6. Superiority, weighted AFROC area [08]", "wafroc"),
        ("7. Superiority, reading time [09]", "time"),
        ("Specificity [07]", "specificity"),
    ):
        row, values = page.row("Endpoints in the order of the plan", label), claims()[name]
        row.is_("Effect", values[0]).is_("95% CI", *values[1:3])
        if len(values) == 4 and name != "ai":  # of non-inferiority P is another one
            row.is_("P", values[3])
    row = page.row("Estimates of which the plan makes no claim", "06b")
    row.is_("Effect", claims()["programme"][0]).is_("95% CI", *claims()["programme"][1:])
    check_of_1000(page)


def check_of_1000(page: Page) -> None:
    found, recalls = found_and_recalled()
    rates = [1000 * event.mean(axis=0)[::-1] for event in (found, recalls)]
    differences = [1000 * np.array(paired(event)[0]) for event in (found, recalls)]
    page.says(
        "Of 1,000 women, reading with AI found # instead of # cancers (#, 95% CI ##) and recalled "
        "# instead of # (#, 95% CI ##)",
        *(*rates[0], *differences[0], *rates[1], *differences[1]),
    )


def check_first_page(page: Page) -> None:
    aided = "aided reading against unaided reading"
    with_ai = "reading with AI against reading without AI"
    for words, name in (
        ("AUC the AI against the mean of 10 readers # (##)", "ai"),
        (f"AUC {aided} # (##)", "auc"),
        (f"Weighted AFROC area {aided} # (##)", "wafroc"),
        (f"Detection rate {with_ai} # (##)", "detection"),
        (f"Recall rate {with_ai} # points (##)", "recall"),
        (f"Sensitivity {aided} # points (##)", "sensitivity"),
        (f"Reading time {aided} # (##)", "time"),
        ("Sensitivity the AI against the programme # points (##)", "programme"),
    ):
        page.says(words, *claims()[name][:3])
    check_of_1000(page)
    check_21_answer(page)
    check_unverified(page, "that the AI marked", "the AI")


CHECKS: dict[str, Callable[[Page], None]] = {
    "index": check_first_page,
    "chapters/00_intake": check_00,
    "chapters/02_cohort_and_flow": check_02,
    "chapters/04_ai_scores": check_04,
    "chapters/05_standalone_ai": check_05,
    "chapters/06_ai_against_readers": check_06,
    "chapters/06_ai_against_first_reads": check_06b,
    "chapters/07_reader_study": check_07,
    "chapters/08_localization": check_08,
    "chapters/09_reading_time": check_09,
    "chapters/10_agreement": check_10,
    "chapters/10_agreement_in_screening": check_10b,
    "chapters/12_reading_strategies": check_12,
    "chapters/14_cases_to_look_at": check_14,
    "chapters/20_monitoring": check_20,
    "chapters/21_prospective_main": check_21,
    "chapters/90_synthesis": check_90,
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


def test_own_code_takes_nothing_from_the_toolkit_but_the_demo():
    here = Path(__file__)
    taken = set()
    for path in (here, here.parents[1] / "recomputed.py", here.parents[1] / "printed_numbers.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                taken.add(node.module)
            if isinstance(node, ast.Import):
                taken |= {name.name for name in node.names}
    assert {name for name in taken if name.startswith("toolkit")} == {"toolkit.demo"}


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
