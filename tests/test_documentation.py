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
    "_auc_counts", "fitted_curve", "foms", "mrmc.designs", "mrmc.study_components",
    "threshold_foms", "verdicts",
}  # fmt: skip
# One line says what goes in and comes out.
OF_ONE_LINE = {
    "accrual.planned_curve", "agreement.agreement_table", "agreement.agreement_table_from_counts",
    "paired.paired_counts", "proportions.per_1000", "roc.rating_fom", "roe_metz.roe_metz_model",
    "roe_metz.roe_metz_separation", "simulate.binormal_separation",
    "simulate.paired_call_probabilities", "simulate.simulated_truth",
    "sizing_simulation.finds_difference",
}  # fmt: skip


def functions(path):
    tree = ast.parse(path.read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def public():
    """Functions with an example: what a user is meant to call, by module and name."""
    found = {}
    for path in sorted(STATS.rglob("*.py")):
        module = ".".join(path.relative_to(STATS).with_suffix("").parts)
        for name, node in functions(path).items():
            if not name.startswith("_") and "\n    Examples\n" in (
                ast.get_docstring(node, False) or ""
            ):
                found[f"{module}.{name}"] = node
    return found


PUBLIC = public()


def facade(name):
    """The name under which a function of a private module of ``delong`` is offered."""
    module, _, function = name.rpartition(".")
    return f"delong.{function}" if module.rpartition(".")[2].startswith("_auc") else name


def test_the_chooser_leads_to_every_public_function():
    offered = {facade(name) for name in PUBLIC}
    known = {
        name for name in offered if not name.rpartition(".")[0].rpartition(".")[2].startswith("_")
    }
    assert sorted(known - NAMED) == []


def test_the_chooser_names_nothing_that_is_not_there():
    known = {facade(name) for name in PUBLIC} | {"toolkit.stats", "toolkit.scoring.pairing"}
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
        for name in {name.rpartition(".")[0] for name in PUBLIC}
        if not re.search(r"doi:|;\d+:\d+", (STATS / (name.replace(".", "/") + ".py")).read_text())
    ]
    assert set(without) == WITHOUT_SOURCE
