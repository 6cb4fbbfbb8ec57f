"""Many reader studies of continuous ratings at once, and Obuchowski and Rockette's test of each."""

import numpy as np
from scipy.special import fdtri


def draw_studies(model, n_negative, n_positive, n_readers, n_studies, generator):
    """Ratings of negative and of positive cases, (n_studies, n_modalities, n_readers, n_of_class).

    Written apart from ``general_roe_metz_ratings``, so that either checks the other.
    """
    draw = generator.standard_normal
    n_modalities = model.n_modalities
    result = []
    for state, n_cases in enumerate((n_negative, n_positive)):
        reader, case, reader_case = np.sqrt(model.shared[state])
        own_reader, own_case, error = np.sqrt(model.own[:, state].T)[:, :, None, None]
        ratings = error * draw((n_studies, n_modalities, n_readers, n_cases), dtype=np.float32)
        ratings += own_case * draw((n_studies, n_modalities, 1, n_cases))
        ratings += own_reader * draw((n_studies, n_modalities, n_readers, 1))
        ratings += reader_case * draw((n_studies, 1, n_readers, n_cases))
        ratings += case * draw((n_studies, 1, 1, n_cases))
        ratings += reader * draw((n_studies, 1, n_readers, 1))
        result.append(ratings + state * model.separation[:, None, None])
    return result


def covariances_over_cases(negative, positive):
    """AUCs (n_studies, n_modalities, n_readers) and DeLong's covariances of each study."""
    above = positive[..., :, None] > negative[..., None, :]
    by_positive, by_negative = above.mean(axis=-1), above.mean(axis=-2)
    area = by_positive.mean(axis=-1)
    n_studies, n_modalities, n_readers = area.shape

    def covariance(placements):
        n_cases = placements.shape[-1]
        off = (placements - placements.mean(axis=-1, keepdims=True)).reshape(n_studies, -1, n_cases)
        return off @ off.transpose(0, 2, 1) / (n_cases * (n_cases - 1))

    both = covariance(by_positive) + covariance(by_negative)
    return area, both.reshape(n_studies, n_modalities, n_readers, n_modalities, n_readers)


def significant_studies(area, covariance, size=0.05):
    """Whether Hillis's test rejects, readers and cases random, shape (n_studies,)."""
    n_modalities, n_readers = area.shape[1:]
    same_reader = np.einsum("sijkj->sik", covariance)
    same_both = np.einsum("sii->s", same_reader)
    same_modality = np.einsum("sijik->s", covariance)
    total = covariance.sum(axis=(1, 2, 3, 4))
    pairs = n_modalities * n_readers * (n_readers - 1)
    cov2 = (same_modality - same_both) / pairs
    other = total - same_reader.sum(axis=(1, 2)) - same_modality + same_both
    cov3 = other / (pairs * (n_modalities - 1))
    by_modality = area.mean(axis=2, keepdims=True)
    grand = area.mean(axis=(1, 2), keepdims=True)
    rest = area - by_modality - area.mean(axis=1, keepdims=True) + grand
    free = (n_modalities - 1) * (n_readers - 1)
    interaction = (rest**2).sum(axis=(1, 2)) / free
    between = n_readers * ((by_modality - grand) ** 2).sum(axis=(1, 2)) / (n_modalities - 1)
    error = interaction + n_readers * np.maximum(cov2 - cov3, 0)
    df = free * (error / interaction) ** 2
    return between / error > fdtri(n_modalities - 1, df, 1 - size)
