"""The self-test: it agrees here, fails where a method is wrong, and its page tells no secrets."""

import getpass
import html
import json
import math
import re
import socket
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.results import Result
from toolkit.stats.auc.delong import delong_ci
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.proportions.one import proportion_ci
from toolkit.study.run.workspace import OutputError
from toolkit.study.selftest import run_selftest, summary_lines
from toolkit.study.selftest.cases import (
    CASES_FILE,
    KINDS,
    Case,
    as_exact,
    as_printed,
    load_suite,
)
from toolkit.study.selftest.engine import METHODS, Method, compare, compare_all, expected_values
from toolkit.study.selftest.exact import ANSWERS
from toolkit.study.selftest.installation import inspect_installation
from toolkit.study.selftest.page import case_remarks, case_text, page_html, quantity_text

SUITE = load_suite()
CASES = pytest.mark.parametrize("case", SUITE.cases, ids=lambda case: case.id)
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(20, 25, 30)"


def silent(*_progress):
    """Show no progress."""


def run(method=""):
    """Compare all cases, or those of one method."""
    cases = tuple(case for case in SUITE.cases if method in ("", case.method))
    return compare_all(replace(SUITE, cases=cases), silent)


def wald_ci(**choices):
    """Return Wald's interval where another one belongs."""
    return proportion_ci(**choices, method="wald")


def plant(monkeypatch, method, function):
    """Put a wrong function in the place of a method."""
    monkeypatch.setitem(METHODS, method, replace(METHODS[method], function=function, method=""))


def call(*arguments):
    result = CliRunner().invoke(app, ["selftest", *map(str, arguments)])
    return result.exit_code, result.output


# --- What it holds --------------------------------------------------------------------------------


@CASES
def test_every_value_agrees(case):
    checks = compare(case)
    assert checks
    assert all(check.agrees for check in checks), [summary(check) for check in checks]


def summary(check):
    return check.quantity, check.expected.text, check.computed, check.problem


@CASES
def test_every_case_names_what_exists_and_can_be_shown(case):
    assert case.method in METHODS
    assert bool(case.answer) != bool(case.expected)
    assert not case.answer or case.answer in ANSWERS
    assert set(case.printed) <= set(case.expected)
    assert all(quantity_text(quantity) for quantity in expected_values(case))
    assert case_text(case, SUITE.sources[case.source])
    assert all(remark.strip() for remark in case_remarks(case))


def test_ids_are_unique_and_nothing_is_left_unused():
    ids = [case.id for case in SUITE.cases] + [entry.id for entry in SUITE.not_covered]
    assert len(set(ids)) == len(ids)
    assert {case.method for case in SUITE.cases} == METHODS.keys()
    assert {case.answer for case in SUITE.cases} - {""} == ANSWERS.keys()
    used = {case.source for case in SUITE.cases} | {entry.source for entry in SUITE.not_covered}
    assert used == SUITE.sources.keys()
    assert all(entry.reason for entry in SUITE.not_covered)


def test_all_kinds_of_source_are_there_and_it_takes_seconds():
    begun = time.monotonic()
    findings = run()
    assert time.monotonic() - begun < 30
    assert all(len(findings.of_kind(kind)) > 50 for kind in KINDS)
    assert not findings.failed


def test_data_file_holds_no_place_of_a_machine():
    text = CASES_FILE.read_text(encoding="utf-8")
    assert not re.search(r"https?://|/(home|root|work|tmp|usr)\b|\.csv", text)
    assert json.loads(text)["format"] == 1


# --- Against the collected results ----------------------------------------------------------------


@pytest.fixture(scope="module")
def published(reference_data):
    return json.loads((reference_data / "reference" / "published.json").read_text())


def test_every_published_entry_is_recomputed_or_listed_with_its_reason(published):
    shown = {case.id for case in SUITE.cases} | {entry.id for entry in SUITE.not_covered}
    shown = {name.split(".")[0] for name in shown}
    entries = {entry["id"] for entry in published["entries"] + published["cannot_recompute"]}
    assert entries <= shown
    assert len(published["entries"]) == 82


def test_published_values_are_carried_over_as_printed_and_compared_as_closely(published):
    """No value of a paper is compared more loosely than its entry says, or with another value."""
    entries = {entry["id"]: entry for entry in published["entries"]}
    compared = 0
    for case in SUITE.cases:
        entry = entries.get(case.id.split(".")[0])
        if entry is None:
            continue
        printed, allowed = entry["published"], entry["tolerance"]
        low, high = printed.get("ci95", (None, None))
        wanted = {
            "estimate": printed.get("estimate"),
            "ci_low": low,
            "ci_high": high,
            "p_value": printed.get("p"),
            "increase_percent": printed.get(
                "relative_increase_pct", printed.get("sens_increase_pct")
            ),
            "reduction_percent": printed.get(
                "relative_reduction_pct", printed.get("recall_reduction_pct")
            ),
        }
        for quantity, text in case.expected.items():
            shown = case.printed.get(quantity, text)
            if shown.startswith("<"):
                assert shown == wanted[quantity]
                continue
            assert float(shown) == wanted[quantity], (case.id, quantity)
            limit = allowed["p_abs" if quantity == "p_value" else "abs"]
            assert as_printed(text).tolerance <= limit * (1 + 1e-12), (case.id, quantity)
            compared += 1
    assert compared > 140


def numbers_of(value):
    """All numbers in a value, whatever its depth."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in numbers_of(item)]
    return [float(value)] if isinstance(value, int | float) else []


def test_values_of_programs_are_those_that_the_programs_printed(reference_data):
    names = ("roc_auc", "roc_paired_proportions", "roc_agreement_calibration")
    printed = []
    for name in names:
        content = json.loads((reference_data / "reference" / f"{name}.json").read_text())
        printed += [number for case in content["cases"] for number in numbers_of(case["values"])]
    there = np.array(printed)
    for case in SUITE.cases:
        if SUITE.sources[case.source].kind != "program":
            continue
        for quantity, text in case.expected.items():
            wanted = as_printed(text)
            if math.isnan(wanted.value):
                continue
            nearest = np.abs(there - wanted.value).min()
            assert nearest <= wanted.tolerance * (1 + 1e-9), (case.id, quantity)


# --- A wrong method fails -------------------------------------------------------------------------


def shifted(method: Method):
    """Return the method with all its numbers one percent too large."""

    def wrong(**arguments):
        result = method.call(**arguments)
        if not isinstance(result, Result):
            return result * 1.01
        for name, value in vars(result).items():
            if isinstance(value, float) and math.isfinite(value):
                object.__setattr__(result, name, value * 1.01)
        return result

    return wrong


@pytest.mark.parametrize("method", METHODS)
def test_one_percent_off_is_noticed_in_every_method(monkeypatch, method):
    plant(monkeypatch, method, shifted(METHODS[method]))
    findings = run(method)
    assert findings.failed
    assert any(line.startswith(f"DISAGREES {method},") for line in summary_lines(findings))


def area_with_ties_as(share):
    """Return an AUC that counts ties as a share of a pair."""

    def area(truth, rating):
        pairs = list(zip(truth, rating, strict=True))
        positive = [score for case, score in pairs if case]
        negative = [score for case, score in pairs if not case]
        wins = [
            1.0 if one > other else share if one == other else 0.0
            for one in positive
            for other in negative
        ]
        return sum(wins) / len(wins)

    return area


def wilson_at_1_96(numerator, denominator):
    """Return Wilson limits from z = 1.96 instead of 1.959964."""
    return proportion_ci(numerator, denominator, ci_level=0.9500042)


def swapped(counts, **choices):
    """Return a minus b."""
    turned = replace(counts, only_a=counts.only_b, only_b=counts.only_a)
    return paired_difference_ci(turned, **choices)


def halved(function):
    """Return a test whose P is one-sided."""

    def one_sided(**arguments):
        result = function(**arguments)
        return replace(result, p_value=result.p_value / 2)

    return one_sided


def divided_by_n(truth, rating, scale):
    """Return DeLong's error with n where n - 1 belongs, nearly."""
    result = delong_ci(truth, rating, scale=scale)
    return replace(result, std_error=result.std_error * math.sqrt(1 - 1 / len(truth)))


@pytest.mark.parametrize(
    ("method", "function"),
    [
        ("clopper_pearson", wald_ci),
        ("clopper_pearson", proportion_ci),
        ("wald", proportion_ci),
        ("wilson", wilson_at_1_96),
        ("auc", area_with_ties_as(0.0)),
        ("auc", area_with_ties_as(1.0)),
        ("mcnemar_exact", halved(METHODS["mcnemar_exact"].call)),
        ("fisher", halved(METHODS["fisher"].call)),
        ("fisher", METHODS["pearson"].call),
        ("mcnemar_corrected", METHODS["mcnemar_asymptotic"].call),
        ("katz", METHODS["miettinen_nurminen_ratio"].call),
        ("relative_proportion", METHODS["tang"].call),
        ("miettinen_nurminen", METHODS["mee"].call),
        ("delong_paired", halved(METHODS["delong_paired"].call)),
        ("delong", divided_by_n),
        ("tango", swapped),
    ],
)
def test_wrong_method_is_named(monkeypatch, method, function):
    plant(monkeypatch, method, function)
    assert run(method).failed


def test_wrong_method_spoils_no_other(monkeypatch):
    plant(monkeypatch, "clopper_pearson", wald_ci)
    assert {check.case.method for check in run().failed} == {"clopper_pearson"}


def test_right_area_by_pairs_is_not_blamed(monkeypatch):
    plant(monkeypatch, "auc", area_with_ties_as(0.5))
    assert not run("auc").failed


def test_method_that_stops_is_a_finding_and_hides_no_other(monkeypatch, tmp_path):
    def broken(**_arguments):
        raise ZeroDivisionError(str(tmp_path))

    plant(monkeypatch, "tango", broken)
    findings = run()
    assert {check.problem for check in findings.failed} == {"stopped with ZeroDivisionError"}
    assert len(findings.failed) == sum(c.case.method == "tango" for c in findings.checks)
    assert str(tmp_path) not in page_html(findings, inspect_installation())


def test_quantity_that_a_method_lacks_is_a_finding():
    case = replace(SUITE.cases[0], expected={"df": "1.0"})
    assert [check.problem for check in compare(case)] == ["the method returns no df"]


def test_undefined_where_a_number_is_expected_fails():
    case = Case(
        id="x",
        source="hand",
        what="nothing",
        method="wilson",
        inputs={"numerator": 0, "denominator": 0},
        expected={"estimate": "0/1", "ci_low": "undefined"},
    )
    assert [check.agrees for check in compare(case)] == [False, True]


# --- How closely ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("6.1", 6.1499, 6.1501),
        ("6.10", 6.1049, 6.1051),
        ("23", 22.51, 22.49),
        ("2.5e-07", 2.549e-07, 2.551e-07),
        ("<0.001", 0.00099, 0.001),
        ("<0.001", 0.0, -0.1),
        ("inf", math.inf, 1e300),
        ("undefined", math.nan, 0.0),
        ("11/12", 11 / 12, 11 / 12 + 1e-10),
        ("0/1", 0.0, 1e-300),
    ],
)
def test_half_a_unit_of_the_last_digit_is_the_tolerance(text, inside, outside):
    assert as_printed(text).agrees(inside)
    assert not as_printed(text).agrees(outside)
    if text != "undefined":
        assert not as_printed(text).agrees(math.nan)


def test_exact_answer_leaves_room_for_rounding_only():
    third = as_exact(Fraction(1, 3))
    assert third.agrees(math.nextafter(1 / 3, 1))
    assert not third.agrees(1 / 3 + 1e-11)


def test_exact_answers_are_right_by_hand():
    area = ANSWERS["auc_of_pairs"](truth=[0, 0, 0, 1, 1], rating=[1, 2, 3, 2, 4])
    assert area == {"estimate": Fraction(3, 4)}
    assert ANSWERS["mcnemar_midp_of_coins"](only_b=1, only_a=7) == {"p_value": Fraction(5, 128)}
    tea = {"numerator_a": 1, "denominator_a": 4, "numerator_b": 3, "denominator_b": 4}
    assert ANSWERS["fisher_of_tables"](**tea) == {"p_value": Fraction(17, 35)}
    # Agreement 85 of 100, by chance (49 x 46 + 51 x 54) of 10,000.
    assert ANSWERS["kappa_of_table"]([[40, 9], [6, 45]]) == {"estimate": Fraction(291, 416)}
    # 3 of 3: P(X >= 3) = p^3 = 0.025.
    limits = ANSWERS["clopper_pearson_of_tails"](numerator=3, denominator=3)
    assert limits["ci_low"] == pytest.approx(0.025 ** (1 / 3), rel=1e-14)
    assert limits["ci_high"] == 1
    # Equally many both ways and no other pair: the limits mirror each other.
    limits = ANSWERS["tango_of_likelihood"](both=5, only_b=3, only_a=3, neither=9)
    assert limits["ci_low"] == pytest.approx(-limits["ci_high"], rel=1e-12)


def test_case_file_of_another_format_or_with_a_lost_source_is_refused(tmp_path):
    content = json.loads(CASES_FILE.read_text(encoding="utf-8"))
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({**content, "format": 2}))
    with pytest.raises(ValueError, match=r"cases.json: format must be 1, but got 2"):
        load_suite(path)
    del content["sources"]["hand"]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"names the source 'hand', which is not there"):
        load_suite(path)


# --- The installation -----------------------------------------------------------------------------


def states(tmp_path, text):
    lock = tmp_path / "requirements.lock"
    lock.write_text(text)
    return {package.name: package.state for package in inspect_installation(lock).packages}


def test_versions_are_judged_by_the_lock_file(tmp_path):
    text = (
        f"numpy=={np.__version__} ; python_full_version < '3.99' \\\n    --hash=sha256:00\n"
        "numpy==99.0 ; python_full_version >= '3.99' \\\n    --hash=sha256:00\n"
        "scipy==0.0.1 \\\n    --hash=sha256:00\n"
        "never.Installed_name==1.0 \\\n    --hash=sha256:00\n"
        "only-elsewhere==1.0 ; sys_platform == 'elsewhere' \\\n    --hash=sha256:00\n"
    )
    found = states(tmp_path, text)
    assert found["numpy"] == "as locked"
    assert found["scipy"] == "differs"
    assert found["never-installed-name"] == "not installed"
    assert "only-elsewhere" not in found
    assert found["pandas"] == "not in the lock"


def test_without_a_lock_file_versions_are_listed_and_not_judged(tmp_path):
    installation = inspect_installation(tmp_path / "absent.lock")
    assert not installation.has_lock
    assert {package.state for package in installation.packages} == {"no lock"}
    assert any(package.name == "numpy" and package.is_direct for package in installation.packages)
    page = page_html(run(), installation)
    assert "no lock file, so versions are listed and not judged" in page


def test_page_shows_what_differs_from_the_lock_file(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("scipy==0.0.1 \\\n    --hash=sha256:00\nabsent==1.0 \\\n    --hash=sha256:00\n")
    page = page_html(run(), inspect_installation(lock))
    assert "0 of 2 packages of the lock file are installed in its version" in page
    assert re.search(r"scipy</th><td[^>]*>[\d.]+</td><td[^>]*>0.0.1</td><td[^>]*>differs", page)
    assert re.search(r"absent</th><td[^>]*>none</td><td[^>]*>1.0</td><td[^>]*>not installed", page)


# --- The page -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page, made once by the command."""
    place = tmp_path_factory.mktemp("selftest") / "page.html"
    code, text = call("--out", place)
    assert code == 0, text
    return place


def test_page_is_the_same_each_time(page, tmp_path):
    run_selftest(tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_page_names_no_person_machine_folder_or_time(page):
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp|usr|opt|var)\b", text)
    assert str(Path.cwd()) not in text
    assert str(Path.home()) not in text
    assert not re.search(r"\b20\d\d-[01]\d-[0-3]\d\b|\b\d{2}:\d{2}:\d{2}\b", text)
    for name in (socket.gethostname(), getpass.getuser()):
        assert not re.search(rf"(?<![\w:-]){re.escape(name)}(?!\w)", text)


def test_page_loads_nothing(page):
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert not re.search(r"src=|@import|<link|url\((?!\"?data:)", text)
    assert set(re.findall(r'href="(https://[^/"]+)', text)) == {"https://doi.org"}


def test_page_shows_every_case_every_reason_and_every_misprint(page):
    text = page.read_text(encoding="utf-8")
    assert f"All {len(run().checks)} of {len(run().checks)} values agree" in text
    for method in METHODS.values():
        assert html.escape(method.place) in text
    for entry in SUITE.not_covered:
        assert entry.reason.replace("'", "&#x27;") in text
    assert text.count('scope="rowgroup" rowspan=') == len(SUITE.cases)
    assert "The source prints 1.5 as upper limit." in text
    assert "The source prints 0.014 as P." in text


def test_failing_page_says_so_first(monkeypatch, tmp_path):
    plant(monkeypatch, "clopper_pearson", wald_ci)
    code, text = call("--out", tmp_path / "page.html")
    assert code == 1
    assert "DISAGREES clopper_pearson, masai23_ppv_ctl: upper limit must be 28.0" in text
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.index("Values that disagree.") < page.index("Installation</h2>")
    assert "Use no result of these methods." in page
    assert "No. Only " in page
    assert "DIFFERS" in page


# --- The command ----------------------------------------------------------------------------------


def test_command_says_what_it_found_and_where_the_page_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, text = call()
    assert code == 0
    for name in KINDS.values():
        assert re.search(rf"{name}: (\d+) of \1 values agree", text)
    assert "page: reports/selftest.html" in text
    assert (tmp_path / "reports" / "selftest.html").is_file()
    assert call()[0] == 0  # its own page may be replaced


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("notes.html", "notes.html exists and is not a page of the self-test"),
        ("folder.html", "folder.html exists and is not a page of the self-test"),
        ("page.txt", "must be a file that ends in .html, but got 'page.txt'"),
        ("notes.html/page.html", "notes.html"),
    ],
)
def test_command_refuses_what_it_did_not_write(tmp_path, name, words):
    (tmp_path / "notes.html").write_text("mine")
    (tmp_path / "folder.html").mkdir()
    code, text = call("--out", tmp_path / name)
    assert code == 2
    assert words in text
    assert "Traceback" not in text
    assert str(tmp_path) not in text
    assert (tmp_path / "notes.html").read_text() == "mine"


def test_page_that_cannot_be_written_is_wrong_input(tmp_path, monkeypatch):
    def refuse(_path, _content):
        raise PermissionError(13, "Permission denied", str(tmp_path / "page.html"))

    monkeypatch.setattr("toolkit.study.selftest.run.write_atomic", refuse)
    code, text = call("--out", tmp_path / "page.html")
    assert code == 2
    assert "Permission denied (page.html)" in text
    assert str(tmp_path) not in text


def test_run_refuses_before_it_computes(tmp_path):
    (tmp_path / "notes.html").write_text("mine")

    def computed(*_arguments):
        pytest.fail("it computed first")

    with pytest.raises(OutputError, match=r"name another file with --out"):
        run_selftest(tmp_path / "notes.html", progress=computed)


# --- In a browser ---------------------------------------------------------------------------------


def colour(browser, place, kind="backgroundColor"):
    return browser.run(f"getComputedStyle(document.querySelector('{place}')).{kind}")


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_page_fits_its_window_asks_nothing_and_uses_its_fonts(browser, page, width):
    browser.size(width, 900)
    browser.requests.clear()
    browser.complaints.clear()
    browser.open(page)
    browser.wait_for("document.fonts.status === 'loaded'")
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert {request.split(":", 1)[0] for request in browser.requests} <= {"file", "data"}
    assert browser.complaints == []
    loaded = browser.run(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert {name.strip('"') for name in loaded} == {"Study Sans", "Study Serif"}


def test_page_is_dark_on_request_and_light_on_paper(browser, page):
    for scheme, media, wanted in (
        ("light", "screen", LIGHT),
        ("dark", "screen", DARK),
        ("dark", "print", LIGHT),
    ):
        browser.size(1280, 900, scheme=scheme, media=media)
        browser.open(page)
        assert colour(browser, "body") == wanted
