"""Public names of the statistics: each package shows them and nothing else, old ones still work."""

import importlib
import subprocess
import sys

import pytest

import toolkit.stats
from toolkit._old_names import FUNCTIONS, MODULES, STATS

PACKAGES = [name for name in dir(toolkit.stats) if not name.startswith("_")]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_face_shows_its_public_names_and_nothing_else(package):
    face = importlib.import_module(f"toolkit.stats.{package}")
    assert dir(face) == sorted(face.__all__)
    for name in face.__all__:
        assert not name.startswith("_")
        found = getattr(face, name)
        assert found.__doc__, name
        assert found.__module__.startswith(f"toolkit.stats.{package}."), name
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = face.no_such_name


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_hides_a_public_name_of_its_package(package):
    face = importlib.import_module(f"toolkit.stats.{package}")
    for name in face.__all__:
        spec = importlib.machinery.PathFinder.find_spec(name, face.__path__)
        assert spec is None, f"toolkit.stats.{package}.{name} is a module and a function"


def test_importing_the_faces_loads_no_statistic():
    code = (
        "import sys, toolkit.stats as s; [getattr(s, name) for name in dir(s)]; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "scipy", "pandas"} & set(loaded)


@pytest.mark.parametrize("old", sorted(MODULES))
def test_an_old_module_is_found_and_names_the_new_place(old):
    sys.modules.pop(f"{STATS}{old}", None)
    package = f"{STATS}{MODULES[old]}".rpartition(".")[0]
    if importlib.machinery.PathFinder.find_spec(old, toolkit.stats.__path__):
        assert old in PACKAGES  # the package has the module's name, and answers for it
        return
    with pytest.warns(DeprecationWarning, match=f"{old} is now {package};"):
        module = importlib.import_module(f"{STATS}{old}")
    assert module.__doc__


@pytest.mark.parametrize("old", sorted(FUNCTIONS))
def test_an_old_function_is_the_new_one_with_its_choices(old):
    package, new, choices = FUNCTIONS[old]
    face = importlib.import_module(f"{STATS}{package}")
    with pytest.warns(DeprecationWarning, match=f"{old} is now {new}"):
        found = getattr(face, old)
    function = getattr(face, new)
    assert getattr(found, "func", found) is function
    assert getattr(found, "keywords", {}) == choices
    assert old not in face.__all__
