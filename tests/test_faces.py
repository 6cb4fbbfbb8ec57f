"""Public names of the statistics: each package shows them and nothing else."""

import importlib
import subprocess
import sys

import pytest

import toolkit.stats

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
