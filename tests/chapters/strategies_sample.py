"""A small screening study as tables, read by two, an arbiter and an AI, for chapter 12."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from toolkit.chapters.strategies import analysis

#        truth first second arbiter score recalled
ROWS = (
    (1, 1, 1, None, 9, 1),
    (1, 1, 0, 1, 8, 1),
    (1, 0, 1, 0, 9, 0),
    (1, 0, 0, None, 2, 0),
    (0, 1, 0, 0, 3, 0),
    (0, 0, 1, 1, 2, 1),
    (0, 0, 0, None, 9, 0),
    (0, 0, 0, None, None, 0),
    (0, 0, 0, None, 4, 0),
    (0, 0, 0, None, 3, 0),
)
RULE_OUT = {"strategy": "rule-out", "read_from": 4}
DOUBLE = {"strategy": "double"}
REFERRAL = {"strategy": "decision referral", "read_from": 4, "recall_from": 8.5}


def frames(rows=ROWS, **columns):
    """The tables of some examinations, c0, c1, ...; ``columns`` are of the cases."""
    made = []
    for number, (_, *calls, score, _) in enumerate(rows):
        made += [
            (f"r{position}", f"c{number}", "unaided", call, np.nan, position)
            for position, call in enumerate(calls, start=1)
            if call is not None
        ]
        if score is not None:
            made.append(("AI", f"c{number}", "standalone", np.nan, score, np.nan))
    names = ["reader_id", "case_id", "modality", "call", "rating", "position"]
    readings = pd.DataFrame(made, columns=names).assign(session="1", status="complete")
    kinds = {"r1": "human", "r2": "human", "r3": "human", "AI": "ai"}
    readers = pd.DataFrame({"reader_id": list(kinds), "kind": list(kinds.values())})
    readers = readers.assign(product="P", version="1", score_min=1.0, score_max=10.0)
    cases = pd.DataFrame(
        {
            "case_id": [f"c{number}" for number in range(len(rows))],
            "patient_id": [f"w{number}" for number in range(len(rows))],
            "truth": [row[0] for row in rows],
            "recalled": [row[-1] for row in rows],
        }
    )
    cases = cases.astype({"truth": float, "recalled": float}).assign(**columns)
    return SimpleNamespace(readings=readings, readers=readers, cases=cases)


def study(*strategies, tables=None, current="arbitrated", **arbiter):
    """Chapter 12 of some strategies; a modelled arbiter is always right."""
    return analysis.analyse(
        frames() if tables is None else tables,
        strategies=strategies or (RULE_OUT, DOUBLE, REFERRAL),
        current=current,
        arbiter={"sensitivity": 1.0, "specificity": 1.0, **arbiter},
        seconds_per_read=90.0,
        seed=1,
    )
