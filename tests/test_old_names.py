"""Old names of the statistics: all importable, each with a warning that names the new one."""

import importlib
import inspect
import subprocess
import sys

import pytest

from toolkit._old_names import FUNCTIONS, MODULES, STATS

OUTDATED = "the old name goes with the next release"
FACES = sorted({package for package, _, _ in FUNCTIONS.values()})
PACKAGES = {new.split(".")[0] for new in MODULES.values()}
RENAMED = sorted(old for old, (_, new, _) in FUNCTIONS.items() if old != new)


def imported_anew(module):
    """Import a module as if it were for the first time."""
    sys.modules.pop(STATS + module, None)
    return importlib.import_module(STATS + module)


@pytest.mark.parametrize("old", sorted(set(MODULES) - PACKAGES))
def test_an_old_module_holds_what_its_successor_does(old):
    new = importlib.import_module(STATS + MODULES[old])
    with pytest.warns(DeprecationWarning, match=f"{old} is now .*; {OUTDATED}"):
        module = imported_anew(old)
    public = [name for name in vars(new) if not name.startswith("_")]
    assert all(getattr(module, name) is getattr(new, name) for name in public)


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_function_is_the_new_one_with_its_method(old):
    package, new, choices = FUNCTIONS[old]
    face = importlib.import_module(STATS + package)
    with pytest.warns(DeprecationWarning, match=rf"^{old} is now {new}.*{package}; {OUTDATED}"):
        found = getattr(face, old)
    assert old not in dir(face)
    function = getattr(face, new)
    assert getattr(found, "func", found) is function
    assert getattr(found, "keywords", {}) == choices
    inspect.signature(function).bind_partial(**choices)


def test_a_function_that_moved_is_found_in_its_old_module():
    with pytest.warns(DeprecationWarning, match=r"toolkit\.stats\.weighted is now"):
        module = imported_anew("weighted")
    with pytest.warns(DeprecationWarning, match=r"of toolkit\.stats\.calibration"):
        found = module.weighted_goodness_of_fit
    assert found.__module__ == "toolkit.stats.calibration.expected_shares"


def test_a_name_that_never_was_is_refused():
    with pytest.warns(DeprecationWarning, match=r"two_proportions is now"):
        module = imported_anew("two_proportions")
    with pytest.raises(AttributeError, match="no_such_ci"):
        _ = module.no_such_ci
    with pytest.raises(ImportError, match="no_such_ci"):
        from toolkit.stats.proportions import no_such_ci  # noqa: F401 - it is not there


def test_an_old_function_is_found_in_its_old_module():
    code = "from toolkit.stats.two_proportions import newcombe_ci; print(newcombe_ci.keywords)"
    command = [sys.executable, "-W", "always", "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "{'method': 'newcombe'}"
    assert "newcombe_ci is now proportion_difference_ci(method='newcombe')" in done.stderr


@pytest.mark.parametrize("package", FACES)
def test_a_face_shows_public_names_and_loads_none(package):
    code = (
        f"import sys, toolkit.stats.{package} as face; assert dir(face) == sorted(face.__all__); "
        f"print([name for name in sys.modules if name.startswith('toolkit.stats.{package}.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", FACES)
def test_every_public_name_is_there(package):
    face = importlib.import_module(STATS + package)
    assert [name for name in face.__all__ if getattr(face, name).__name__ != name] == []
