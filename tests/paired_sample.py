"""Paired tables that tests of paired proportions share, and the reference cases about them."""

import itertools
import json

from toolkit.stats.paired.counts import PairedCounts


def counts(both, only_b, only_a, neither=None):
    """Return a paired table from its cells in one order."""
    return PairedCounts(both=both, only_b=only_b, only_a=only_a, neither=neither)


def swapped(table):
    """Return the table with the roles of a and b exchanged."""
    return counts(table.both, table.only_a, table.only_b, table.neither)


def negatives(table):
    """Return the table in which the negative calls count as positive."""
    return counts(table.neither, table.only_a, table.only_b, table.both)


def limits(result):
    """Return both limits."""
    return [result.ci_low, result.ci_high]


def small_tables(n_pairs):
    """Return every paired table of a few pairs."""
    cells = itertools.product(range(n_pairs + 1), repeat=3)
    return [counts(*c, n_pairs - sum(c)) for c in cells if sum(c) <= n_pairs]


def reference_cases(reference_data, prefix):
    """Return the reference cases of one family as pairs of values and data."""
    path = reference_data / "reference" / "roc_paired_proportions.json"
    cases = json.loads(path.read_text())["cases"]
    return [(case["values"], case["data"]) for case in cases if case["id"].startswith(prefix)]


def table_of(data):
    """Return the table of a reference case whose first method is our b."""
    return counts(data["both_pos"], data["a_only"], data["b_only"], data["both_neg"])


def dtcompair_tables(data):
    """Return the tables of sensitivity and of specificity; test 2 is our b, test 1 our a."""
    diseased, healthy = (
        counts(c["both_pos"], c["test2_only"], c["test1_only"], c["both_neg"])
        for c in (data["diseased"], data["non_diseased"])
    )
    return {"sensitivity": diseased, "specificity": negatives(healthy)}


def disease_tables(data):
    """Return the tables of the diseased and of the healthy; test 2 is our b, test 1 our a."""
    tables = dtcompair_tables(data)
    return tables["sensitivity"], negatives(tables["specificity"])
