"""The data that every program is timed on, and how the time of a piece of work is taken."""

import time

import numpy as np

N_RESAMPLES = 2_000


def ratings(n_cases, n_curves=2):
    """Return truth (n_cases,), half diseased, and continuous ratings (n_cases, n_curves)."""
    draw = np.random.default_rng(20260101)
    truth = np.arange(n_cases) % 2
    shared = draw.normal(size=(n_cases, 1))
    return truth, shared + draw.normal(size=(n_cases, n_curves)) + 1.5 * truth[:, None]


def seconds(work, *, repeats=5):
    """Return the fastest processor time and wall time of ``work``, warmed up once."""
    work()
    cpu, wall = [], []
    for _ in range(repeats):
        start_cpu, start = time.process_time(), time.perf_counter()
        work()
        cpu.append(time.process_time() - start_cpu)
        wall.append(time.perf_counter() - start)
    return {"cpu": min(cpu), "wall": min(wall)}
