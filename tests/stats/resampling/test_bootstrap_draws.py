"""How bootstrap resamples are drawn: the generator, the counts, and what may not change them."""

import itertools
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from toolkit.stats import _compile
from toolkit.stats.auc.curve import auc, sensitivity_at_specificity
from toolkit.stats.resampling import draws as _bootstrap_auc
from toolkit.stats.resampling import draws as _bootstrap_fom
from toolkit.stats.resampling.bootstrap import bootstrap_ci, bootstrap_test, bootstrap_values
from toolkit.stats.resampling.draws import (
    _draws,
    _next_words,
    case_units,
    draw,
    draw_kernel,
    stream_states,
    worth_a_kernel,
)

SEED = np.random.SeedSequence(7)
BITS = 2**64 - 1


def plain_auc(truth, rating):
    """Return an AUC by a function that the fast way does not know."""
    return auc(truth, rating)


def sample(n_cases, *, prevalence=0.4, n_curves=2, levels=None, seed=1):
    """Return truth and correlated ratings, in ``levels`` categories if given."""
    generator = np.random.default_rng(seed)
    truth = generator.random(n_cases) < prevalence
    truth[:2] = [False, True]
    ratings = generator.normal(size=(n_cases, n_curves)) + generator.normal(size=(n_cases, 1))
    ratings += truth[:, np.newaxis]
    return truth, ratings if levels is None else np.round(ratings * levels / 6)


@pytest.fixture(params=["kernel", "numpy"])
def path(request, monkeypatch):
    """Force one of the two ways to the same numbers."""
    for module in (_bootstrap_auc, _bootstrap_fom):
        monkeypatch.setattr(module, "worth_a_kernel", lambda _: request.param == "kernel")
    return request.param


# --- reference -----------------------------------------------------------------------------------


def test_next_words_are_those_of_xoshiro256plusplus():
    # The authors' C program with the state 1, 2, 3, 4.
    state = np.array([[1], [2], [3], [4]], dtype=np.uint64)
    expected = [
        41943041,
        58720359,
        3588806011781223,
        3591011842654386,
        9228616714210784205,
        9973669472204895162,
        14011001112246962877,
        12406186145184390807,
        15849039046786891736,
        10450023813501588000,
    ]
    assert _next_words(state, 10).ravel().tolist() == expected


def test_stream_states_are_those_of_splitmix64():
    # The authors' C program with the seed 1477776061723855037, and with the next one after it.
    word = 1477776061723855037
    seed = SimpleNamespace(generate_state=lambda _, dtype: np.array([word, 0], dtype=dtype))
    states = stream_states(seed, 1)[0].tolist()
    assert states[:2] == [1985237415132408290, 2979275885539914483]
    assert states[2:] == [16294208416658607535, 7960286522194355700]  # of the seed 0


def slow_counts(state, starts):
    """Draw one resample as the definition says, in whole numbers of Python."""
    s = [int(word) for word in state]
    counts = [0] * int(starts[-1])
    for first, last in itertools.pairwise(starts):
        size = int(last - first)
        draws = []
        while len(draws) < size:
            word = (((s[0] + s[3]) & BITS) << 23 | ((s[0] + s[3]) & BITS) >> 41) & BITS
            word = (word + s[0]) & BITS
            shifted = (s[1] << 17) & BITS
            s[2] ^= s[0]
            s[3] ^= s[1]
            s[1] ^= s[2]
            s[0] ^= s[3]
            s[2] ^= shifted
            s[3] = (s[3] << 45 | s[3] >> 19) & BITS
            for half in (word & 0xFFFFFFFF, word >> 32):
                if (half * size) % 2**32 >= 2**32 % size:
                    draws.append((half * size) >> 32)
        for drawn in draws[:size]:
            counts[int(first) + drawn] += 1
    return counts


# Of 60,001 units, one draw in 90,000 is rejected.
@pytest.mark.parametrize(
    "starts", [[0, 1], [0, 2, 5], [0, 1, 2], [0, 40, 101], [0, 60_001, 60_008]]
)
def test_draw_follows_its_definition_on_both_paths(starts):
    starts = np.array(starts)
    states = stream_states(SEED, 5)
    slow = [slow_counts(state, starts) for state in states]
    for kernel in (True, False):
        assert draw(states, starts, kernel=kernel).tolist() == slow


def test_draws_are_rejected_where_their_definition_says():
    # With a stratum of 1.6 thousand million units every fourth draw is rejected.
    state = stream_states(SEED, 3).T.copy()
    size, rejected = 3 * 2**29, 2**32 % (3 * 2**29)
    words = _next_words(state.copy(), 200)
    drawn, accepted = _draws(state, 200, size)
    for resample in range(3):
        halves = [h for word in words[:, resample].tolist() for h in (word % 2**32, word >> 32)]
        fine = [(half * size) % 2**32 >= rejected for half in halves]
        assert accepted[:, resample].tolist() == fine
        assert drawn[:, resample].tolist() == [half * size >> 32 for half in halves]
        assert 0.15 < 1 - np.mean(fine) < 0.4


@pytest.mark.parametrize("kernel", [True, False])
def test_counts_are_multinomial(kernel):
    n, n_resamples = 12, 20_000
    counts = draw(stream_states(SEED, n_resamples), np.array([0, n]), kernel=kernel).astype(float)
    assert (counts.sum(axis=1) == n).all()
    covariance = np.cov(counts, rowvar=False)
    expected = np.eye(n) - 1 / n
    # Standard error of a covariance of nearly Poisson counts, over the resamples.
    assert np.abs(covariance - expected).max() < 5 * np.sqrt(3 / n_resamples)
    assert np.abs(counts.mean(axis=0) - 1).max() < 5 / np.sqrt(n_resamples)
    # Each single count is binomial.
    seen = np.bincount(counts[:, 3].astype(int), minlength=n + 1)
    binomial = stats.binom.pmf(np.arange(n + 1), n, 1 / n) * n_resamples
    tail = slice(5, None)
    observed = np.append(seen[:5], seen[tail].sum())
    assert stats.chisquare(observed, np.append(binomial[:5], binomial[tail].sum())).pvalue > 1e-3


def test_units_are_drawn_equally_often():
    n, n_resamples = 1000, 2000
    counts = draw(stream_states(SEED, n_resamples), np.array([0, n]), kernel=True)
    total = counts.sum(axis=0, dtype=np.int64)
    assert stats.chisquare(total).pvalue > 1e-3
    # The two halves of a word, and neighbouring resamples, are independent.
    pairs = np.corrcoef(counts.astype(float))[np.triu_indices(100, 1)]
    assert abs(pairs.mean()) < 5 / np.sqrt(pairs.size * n)


# --- property ------------------------------------------------------------------------------------

WAYS = {
    "one curve": {},
    "unstratified": {"stratified": False},
    "patients": {"cluster": np.arange(150) // 2},
    "patients, unstratified": {"cluster": np.arange(150) // 3, "stratified": False},
    "readers": {"resample": "reader"},
    "readers and cases": {"resample": ("reader", "case")},
    "any function": {"fom": plain_auc, "n_resamples": 60},
    "any function, patients": {"fom": plain_auc, "n_resamples": 60, "cluster": np.arange(150) // 2},
}


@pytest.mark.parametrize("way", WAYS)
def test_values_do_not_depend_on_jobs_blocks_or_path(way, monkeypatch):
    truth, ratings = sample(150, n_curves=10, levels=9)
    values = []
    for kernel in (True, False):
        for module in (_bootstrap_auc, _bootstrap_fom):
            monkeypatch.setattr(module, "worth_a_kernel", lambda _, kernel=kernel: kernel)
        for jobs, block in ((1, 2**19), (2, 2**19), (8, 2**19), (1, 150), (2, 1000), (8, 7001)):
            for module, name in (
                (_bootstrap_auc, "_KERNEL_BLOCK"),
                (_bootstrap_auc, "_NUMPY_BLOCK"),
                (_bootstrap_fom, "_BLOCK"),
            ):
                monkeypatch.setattr(module, name, block)
            options = {"n_resamples": 120, **WAYS[way]}
            result = bootstrap_values(truth, ratings, rng=3, jobs=jobs, **options)
            values.append(np.column_stack([result.values, result.means]))
    for other in values[1:]:
        np.testing.assert_array_equal(other, values[0])


@pytest.mark.parametrize("stratified", [True, False])
def test_studentised_interval_does_not_depend_on_jobs_blocks_or_path(stratified, monkeypatch):
    truth, ratings = sample(150, levels=9)
    limits = set()
    for kernel in (True, False):
        monkeypatch.setattr(_bootstrap_auc, "worth_a_kernel", lambda _, kernel=kernel: kernel)
        for jobs, block in ((1, 2**19), (2, 1000), (8, 7001)):
            for name in ("_KERNEL_BLOCK", "_NUMPY_BLOCK"):
                monkeypatch.setattr(_bootstrap_auc, name, block)
            result = bootstrap_ci(
                truth,
                ratings[:, 0],
                interval="bootstrap_t",
                stratified=stratified,
                rng=3,
                jobs=jobs,
            )
            limits.add((result.ci_low, result.ci_high, result.std_error))
    assert len(limits) == 1


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize("cluster", [None, np.arange(90) // 2])
def test_any_function_sees_the_same_resamples_as_the_fast_way(stratified, cluster):
    truth, ratings = sample(90, levels=5)
    ratings[3] = [np.inf, -np.inf]
    options = {"stratified": stratified, "cluster": cluster, "n_resamples": 200, "rng": 5}
    fast = bootstrap_values(truth, ratings, **options)
    slow = bootstrap_values(truth, ratings, fom=plain_auc, **options)
    np.testing.assert_array_equal(fast.values, slow.values)
    np.testing.assert_array_equal(fast.n_undefined, slow.n_undefined)


@pytest.mark.usefixtures("path")
def test_more_resamples_leave_the_first_as_they_were():
    truth, ratings = sample(80)
    few = bootstrap_values(truth, ratings, n_resamples=50, rng=5).values
    many = bootstrap_values(truth, ratings, n_resamples=500, rng=5).values
    np.testing.assert_array_equal(many[:50], few)
    assert np.unique(many[:, 0]).size > 100


@pytest.mark.usefixtures("path")
def test_curves_share_resamples_and_do_not_change_each_other():
    truth, ratings = sample(80, n_curves=3)
    together = bootstrap_values(truth, ratings, rng=5).values
    alone = [bootstrap_values(truth, ratings[:, [c]], rng=5).values for c in range(3)]
    np.testing.assert_array_equal(together, np.hstack(alone))
    covariance = np.corrcoef(together, rowvar=False)
    assert covariance[0, 1] > 0.2  # ratings of the same cases go together


def test_strata_keep_their_size():
    truth, ratings = sample(60)
    first = np.arange(60) // 2
    has_positive = np.bincount(first, weights=truth) > 0
    units = case_units(truth, first, stratified=True)
    counts = draw(stream_states(SEED, 200), units.starts, kernel=False)
    patient_counts = counts[:, units.unit][:, ::2]  # each patient has two cases
    assert (patient_counts[:, has_positive].sum(axis=1) == has_positive.sum()).all()
    assert (patient_counts.sum(axis=1) == 30).all()
    assert (counts[:, units.unit][:, 1::2] == patient_counts).all()
    seen = []
    bootstrap_values(truth, ratings, fom=lambda t, _: seen.append(t.sum()) or 0.5, rng=1)
    assert set(seen) == {truth.sum()}


@pytest.mark.usefixtures("path")
def test_each_case_its_own_patient_is_no_cluster():
    truth, ratings = sample(70)
    plain = bootstrap_values(truth, ratings, rng=5)
    single = bootstrap_values(truth, ratings, cluster=np.arange(70), rng=5)
    np.testing.assert_array_equal(plain.values, single.values)
    assert plain.n_clusters is None
    assert single.n_clusters == 70


def test_seed_may_come_in_three_forms():
    truth, ratings = sample(40)
    of = partial(bootstrap_values, truth, ratings, n_resamples=20)
    np.testing.assert_array_equal(of(rng=9).values, of(rng=np.random.SeedSequence(9)).values)
    generator = np.random.default_rng(9)
    first, second = of(rng=generator).values, of(rng=generator).values
    assert (first != second).any()
    np.testing.assert_array_equal(of(rng=np.random.default_rng(9)).values, first)


def test_readers_are_drawn_apart_from_cases():
    truth, ratings = sample(60, n_curves=12)
    both = bootstrap_values(truth, ratings, resample=("reader", "case"), rng=5)
    cases = bootstrap_values(truth, ratings, rng=5)
    readers = bootstrap_values(truth, ratings, resample="reader", rng=5)
    np.testing.assert_array_equal(both.values, cases.values)
    np.testing.assert_array_equal(both.reader_counts, readers.reader_counts)
    assert (both.reader_counts.sum(axis=1) == 12).all()
    drawn = np.repeat(np.arange(12), both.reader_counts[4].astype(int))
    assert both.means[4] == pytest.approx(both.values[4, drawn].mean(), rel=1e-12)
    correlation = np.corrcoef(both.reader_counts[:, 0], both.values[:, 0])[0, 1]
    assert abs(correlation) < 5 / np.sqrt(2000)


# --- edge ----------------------------------------------------------------------------------------


def test_a_small_problem_loads_neither_numba_nor_scipy():
    code = (
        "import sys; from toolkit.stats.resampling.bootstrap import bootstrap_test;"
        "bootstrap_test([0, 1] * 50, list(range(100)), list(range(0, 200, 2)), rng=1);"
        "print(*{'numba', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_many_small_problems_end_with_the_kernel(monkeypatch):
    from toolkit.stats.resampling import draws as _bootstrap_kernel

    never_loaded = SimpleNamespace(cache_info=lambda: SimpleNamespace(currsize=0))
    monkeypatch.setattr(_bootstrap_kernel, "compiled", never_loaded)
    monkeypatch.setattr(_bootstrap_kernel, "_drawn_by_numpy", 0)
    assert [worth_a_kernel(4_000_000) for _ in range(3)] == [False, False, True]
    assert worth_a_kernel(1)


def test_kernel_works_where_nothing_can_be_cached(monkeypatch):
    from numba.core import caching

    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    kernel = _compile.compiled.__wrapped__(draw_kernel)
    states, starts = stream_states(SEED, 3), np.array([0, 4, 9])
    counts = np.zeros((3, 9), dtype=np.uint8)
    kernel(states, starts, counts)
    np.testing.assert_array_equal(counts, draw(states, starts, kernel=False))


def test_large_sample_is_exact():
    truth, ratings = sample(100_000, prevalence=0.01)
    result = bootstrap_values(truth, ratings, n_resamples=20, rng=1)
    units = case_units(truth, None, stratified=True)
    count = draw(stream_states(np.random.SeedSequence(1), 20), units.starts, kernel=True)[19]
    drawn = np.repeat(np.arange(truth.size), count[units.unit])
    assert result.values[19, 1] == auc(truth[drawn], ratings[drawn, 1])


@pytest.mark.usefixtures("path")
def test_a_class_can_be_missing_from_a_resample():
    truth, ratings = np.array([1] + [0] * 9), np.arange(10.0)[:, np.newaxis]
    result = bootstrap_values(truth, ratings, stratified=False, n_resamples=1000, rng=1)
    # A given case is in no resample with probability 0.9^10 = 0.349, alone with 1e-10.
    assert result.n_undefined[0] == pytest.approx(349, abs=5 * np.sqrt(349 * 0.65))
    assert np.isnan(result.values).sum() == result.n_undefined[0]
    assert "undefined in some resamples" in result.note


def test_compared_step_functions_are_paired():
    truth, ratings = sample(80)
    fom = partial(sensitivity_at_specificity, specificity=0.8)
    result = bootstrap_test(truth, ratings[:, 0], ratings[:, 0] * 2, fom=fom, rng=1)
    assert result.estimate == 0
    assert "one value" in result.note
