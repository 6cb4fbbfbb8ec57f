"""Small studies of an AI and readers as tables, for the tests of chapters 05 and 06."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from toolkit.chapters.ai_against_readers import analysis as against_readers
from toolkit.chapters.standalone import analysis as standalone
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def study(truth, people, ai, *, kind="rating"):
    """Tables of cases c0, c1, ...; ``people`` is one list a reader, None where not read."""
    rows = [
        (f"r{r}", f"c{c}", "unaided", value)
        for r, given in enumerate(people)
        for c, value in enumerate(given)
        if value is not None
    ]
    frame = pd.DataFrame(rows, columns=["reader_id", "case_id", "modality", kind])
    other = "call" if kind == "rating" else "rating"
    machine = pd.DataFrame(
        {"reader_id": "AI", "case_id": [f"c{c}" for c in range(len(ai))], "rating": ai}
    ).assign(modality="standalone", call=np.nan)
    readings = pd.concat([frame.assign(**{other: np.nan}), machine], ignore_index=True)
    readings = readings.assign(session="1", status="complete")
    cases = pd.DataFrame({"case_id": [f"c{c}" for c in range(len(truth))], "truth": truth})
    cases = cases.assign(patient_id=np.nan).astype({"truth": float})
    names = [*(f"r{r}" for r in range(len(people))), "AI"]
    readers = pd.DataFrame({"reader_id": names, "kind": ["human"] * len(people) + ["ai"]})
    return readings, readers.assign(product="P", version="1"), cases


def frames(readings, readers, cases):
    """The tables as a chapter gets them."""
    return SimpleNamespace(readings=readings, readers=readers, cases=cases)


def against(tables, **changes):
    """Chapter 06 of some tables; readers recall from 4 up, and so does the AI."""
    values = {
        "endpoint": "auc",
        "reader_recall_rating": 4,
        "joint_call": "majority",
        "ai_cutoff": 4.0,
        "margins": {},
    }
    return against_readers.analyse(frames(*tables), **{**values, **changes})


def alone(tables, *, cutoffs=(4, 2), reader_recall_rating=4):
    """Chapter 05 of some tables; readers recall from 4 up."""
    return standalone.analyse(
        frames(*tables), cutoffs=list(cutoffs), reader_recall_rating=reader_recall_rating
    )


TRUTH = [0, 0, 0, 1, 1, 1]
R0 = [1, 2, 3, 2, 4, 5]  # of 9 pairs 8 right or half: (2 v 1,2,3) 1.5, (4) 3, (5) 3 = 7.5
R1 = [3, 1, 2, 4, 5, 6]  # 9 of 9
AI = [1, 2, 3, 4, 1, 5]  # 3 + 0.5 + 3 = 6.5


def compare(people=(R0, R1), ai=AI, **changes):
    return against(study(TRUTH, list(people), ai), **{"margins": {"auc": 0.05}, **changes})


def drawn(n_cases=60, *, seed=4):
    """Truth, ratings 1 to 9 of two readers, and scores of an AI."""
    draw = np.random.default_rng(seed)
    truth = np.arange(n_cases) % 2
    seen = 2 * truth + draw.normal(size=n_cases)
    people = [np.clip(np.round(3 + seen + draw.normal(size=n_cases)), 1, 9) for _ in range(2)]
    ai = np.clip(np.round(3 + seen + draw.normal(size=n_cases)), 1, 9)
    return truth, people, ai


def twice(*arrays_):
    """Every case a second time, as another case."""
    return [np.concatenate([values, values]) for values in arrays_]


def women(tables, patient):
    """The tables with the woman of each case."""
    readings, readers, cases = tables
    return readings, readers, cases.assign(patient_id=[f"p{who}" for who in patient])


def both(truth, people, ai, patient):
    """Chapters 05 and 06 of the same cases."""
    tables = women(study(truth, people, ai), patient)
    changes = {"endpoint": "sensitivity", "ai_cutoff": 5.0, "reader_recall_rating": 5}
    return (
        alone(tables, cutoffs=[5.0], reader_recall_rating=5),
        against(tables, **changes),
    )
