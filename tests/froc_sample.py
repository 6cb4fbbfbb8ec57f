"""Public studies of marks, and small random ones, that tests of localization share."""

import csv

import numpy as np

from toolkit.stats.froc.studies import froc_study, lroc_study


def rows(path):
    """Return the rows of a csv file."""
    with path.open() as file:
        return list(csv.DictReader(file))


def froc_from_csv(folder, *, only_readers=None):
    """Return a free-response study from its tables of cases, lesions and marks."""
    cases, lesions, marks = (rows(folder / f"{name}.csv") for name in ("cases", "lesions", "marks"))
    readers = sorted({int(mark["reader"]) for mark in marks})
    readers = [reader for reader in readers if only_readers is None or reader in only_readers]
    marks = [mark for mark in marks if int(mark["reader"]) in readers]
    modalities = sorted({mark["modality"] for mark in marks})
    place = {(row["case"], row["lesion"]): number for number, row in enumerate(lesions)}
    rating = np.full((len(lesions), len(readers), len(modalities)), -np.inf)
    false = []
    for mark in marks:
        where = readers.index(int(mark["reader"])), modalities.index(mark["modality"])
        if mark["mark_type"] == "LL":
            rating[(place[mark["case"], mark["lesion"]], *where)] = float(mark["rating"])
        else:
            false.append((int(mark["case"]) - 1, *where, float(mark["rating"])))
    case, reader, modality, nl_rating = np.array(false).T
    return froc_study(
        n_cases=len(cases),
        lesion_case=[int(row["case"]) - 1 for row in lesions],
        lesion_rating=rating,
        lesion_weight=[float(row["weight"]) for row in lesions],
        nl_case=case,
        nl_reader=reader,
        nl_modality=modality,
        nl_rating=nl_rating,
        readers=tuple(f"R{reader}" for reader in readers),
        modalities=tuple(modalities),
    )


def lroc_from_csv(folder):
    """Return an LROC study of one modality from its table of readings."""
    readings = rows(folder / "ratings.csv")
    n_cases = max(int(row["case"]) for row in readings)
    readers = sorted({int(row["reader"]) for row in readings})
    truth = np.zeros(n_cases)
    rating, correct = np.zeros((2, n_cases, len(readers), 1))
    for row in readings:
        case, reader = int(row["case"]) - 1, readers.index(int(row["reader"]))
        truth[case] = int(row["truth"])
        rating[case, reader, 0] = float(row["rating"])
        correct[case, reader, 0] = float(row["correct_localization"] or 0)
    return lroc_study(truth, rating, correct, readers=tuple(f"R{reader}" for reader in readers))


def drawn_study(seed, *, n_cases=9, n_readers=1, n_modalities=1, levels=4, most_images=1):
    """Return a small study with ties, unmarked lesions and cases without marks."""
    draw = np.random.default_rng(seed)
    n_lesions = draw.integers(0, 4, n_cases)
    n_lesions[:2], n_lesions[2:4] = 0, (1, 3)  # two cases of each kind at least
    lesion_case = np.repeat(np.arange(n_cases), n_lesions)
    shape = (lesion_case.size, n_readers, n_modalities)
    n_marks = int(draw.integers(0, 3 * n_cases * n_readers * n_modalities))
    return froc_study(
        n_cases=n_cases,
        lesion_case=lesion_case,
        lesion_rating=np.where(draw.random(shape) < 0.3, -np.inf, draw.integers(0, levels, shape)),
        nl_case=draw.integers(0, n_cases, n_marks),
        nl_rating=draw.integers(0, levels, n_marks),
        nl_reader=draw.integers(0, n_readers, n_marks),
        nl_modality=draw.integers(0, n_modalities, n_marks),
        n_images=draw.integers(1, most_images + 1, n_cases),
    )
