"""The documentation names what there is, all of it, and nothing else."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STATS = ROOT / "toolkit" / "stats"
CHOOSER = (ROOT / "docs" / "choosing.md").read_text()
NAMED = {name for name in re.findall(r"`([a-z_.0-9]+)`", CHOOSER) if "." in name}


# What only arranges other functions or counts has no source of its own.
WITHOUT_SOURCE = {
    "auc.delong_counts", "auc.figures_of_merit", "claims.verdict", "paired.counts",
}  # fmt: skip
# One line says what goes in and comes out.
OF_ONE_LINE = {
    "agreement.agreement_table", "agreement.agreement_table_from_counts", "auc.rating_fom",
    "monitoring.planned_curve", "paired.paired_counts", "proportions.per_1000",
    "simulation.binormal_separation", "simulation.paired_call_probabilities",
    "simulation.roe_metz_model", "simulation.roe_metz_separation", "simulation.simulated_truth",
    "sizing.finds_difference",
}  # fmt: skip


def functions(path):
    tree = ast.parse(path.read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def public():
    """Functions with an example: what a user is meant to call, by package and name."""
    found, modules = {}, {}
    for path in sorted(STATS.rglob("*.py")):
        place = path.relative_to(STATS).with_suffix("").parts
        for name, node in functions(path).items():
            if not name.startswith("_") and "\n    Examples\n" in (
                ast.get_docstring(node, False) or ""
            ):
                found[f"{place[0]}.{name}"] = node
                modules[f"{place[0]}.{name}"] = ".".join(place)
    return found, modules


PUBLIC, MODULES = public()
METHODS = {
    method
    for path in STATS.rglob("*.py")
    for choices in re.findall(r"^\w+Method = Literal\[(.*?)\]", path.read_text(), re.S | re.M)
    for method in re.findall(r'"(\w+)"', choices)
}


def test_the_chooser_leads_to_every_public_function():
    assert sorted(set(PUBLIC) - NAMED) == []


def test_the_chooser_leads_to_every_method_and_no_other():
    quoted = set(re.findall(r'`"(\w+)"`', CHOOSER))
    assert sorted(METHODS - quoted - {"generalized"}) == []  # the default of both score tests
    assert sorted(quoted - METHODS) == []


def test_the_chooser_names_nothing_that_is_not_there():
    known = set(PUBLIC) | {"toolkit.stats", "toolkit.scoring.ratings"}
    assert sorted(NAMED - known) == []


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - OF_ONE_LINE))
def test_a_public_function_is_documented(name):
    doc = ast.get_docstring(PUBLIC[name])
    sections = ["Parameters", "Returns", "Examples"]
    missing = [section for section in sections if f"\n{section}\n---" not in doc]
    assert missing == []


def test_every_module_that_estimates_names_a_source():
    # A DOI or a journal, once in the module: a statistic comes from somewhere.
    without = [
        name
        for name in set(MODULES.values())
        if not re.search(r"doi:|;\d+:\d+", (STATS / (name.replace(".", "/") + ".py")).read_text())
    ]
    assert set(without) == WITHOUT_SOURCE
