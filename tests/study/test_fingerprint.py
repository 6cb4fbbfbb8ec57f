"""Hashes that decide what runs again."""

import ast

import pandas as pd
import pytest

from toolkit.study.run import fingerprint
from toolkit.study.run.fingerprint import (
    changed,
    code_hashes,
    environment,
    module_hashes,
    reachable_modules,
    sha256_bytes,
    sha256_folder,
    sha256_json,
)
from toolkit.study.run.intake import frame_sha256


def test_sha256_bytes_is_the_published_value():
    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_bytes(b"abc") == expected


def test_sha256_json_does_not_depend_on_the_order_of_keys():
    assert sha256_json({"a": 1, "b": [1, 2]}) == sha256_json({"b": [1, 2], "a": 1})
    assert sha256_json({"a": 1}) != sha256_json({"a": 1.5})
    with pytest.raises(ValueError, match="Out of range"):
        sha256_json({"a": float("nan")})


def test_sha256_folder_sees_names_and_bytes(tmp_path):
    (tmp_path / "a").write_text("1")
    before = sha256_folder(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert sha256_folder(tmp_path) != before
    (tmp_path / "b").rename(tmp_path / "a")
    assert sha256_folder(tmp_path) == before


def test_reachable_modules_follow_imports_wherever_they_stand():
    found = reachable_modules(["toolkit.study.run.intake"])
    assert "toolkit.readers.tabular.sources" in found
    assert "toolkit.demo" in found  # imported inside a function
    assert "toolkit" in found
    assert "toolkit.cli" not in found


def test_code_hashes_name_what_a_notebook_reaches():
    hashes = code_hashes("from toolkit.stats.auc import curve\nx = 1")
    assert "toolkit.stats.auc.curve" in hashes
    assert "toolkit.results" in hashes
    assert not any(name.startswith("toolkit.study") for name in hashes)


@pytest.mark.parametrize(
    ("code", "holds", "not_reached"),
    [
        ("from toolkit.stats.auc import delong_ci", "toolkit.stats.auc.delong", "toolkit.cli"),
        ("from toolkit.stats import auc\nauc.delong_ci", "toolkit.stats.auc.delong", "toolkit.cli"),
        ("import toolkit.stats", "toolkit.stats.paired.mcnemar", "toolkit.cli"),
        ("from toolkit.stats.delong import delong_ci", "toolkit.stats.auc.delong", "toolkit.cli"),
        ("import toolkit.stats.roc as r", "toolkit.stats.auc.curve", "toolkit.stats.froc"),
        ("from toolkit.draw.roc import roc_figure", "toolkit.draw.style", "toolkit.draw.flow"),
    ],
)
def test_code_behind_a_face_or_an_old_name_is_found(code, holds, not_reached):
    hashes = code_hashes(code)
    assert holds in hashes
    assert not_reached not in hashes


def test_module_hashes_ignore_comments_and_see_code(monkeypatch, tmp_path):
    package = tmp_path / "toolkit"
    package.mkdir()
    (package / "__init__.py").write_text("")
    module = package / "thing.py"
    monkeypatch.setattr(fingerprint, "PACKAGE", package)
    fingerprint._module.cache_clear()
    hashes = []
    for text in ("x = 1", "x = 1  # why", "x = 2"):
        module.write_text(text)
        fingerprint._module.cache_clear()
        hashes.append(module_hashes("toolkit.thing")["toolkit.thing"])
    fingerprint._module.cache_clear()
    assert hashes[0] == hashes[1] != hashes[2]
    assert ast.dump(ast.parse("x = 1")) == ast.dump(ast.parse("x = 1  # why"))


def test_unknown_module_is_refused():
    with pytest.raises(ValueError, match="is not a module of the toolkit"):
        module_hashes("toolkit.nothing")


def test_environment_has_python_and_numpy():
    import numpy as np

    assert environment()["numpy"] == np.__version__
    assert "python" in environment()


def test_changed_names_every_difference():
    assert changed({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4}) == ["b", "c", "d"]


def test_frame_sha256_sees_values_types_and_order_but_not_the_index():
    frame = pd.DataFrame({"a": [1.0, None], "b": ["x", "y"]})
    same = frame_sha256(frame)
    assert frame_sha256(frame.set_axis([5, 9])) == same
    assert frame_sha256(frame.iloc[::-1]) != same
    assert frame_sha256(frame.rename(columns={"a": "c"})) != same
    assert frame_sha256(frame.assign(a=[1.0, 0.0])) != same
    assert frame_sha256(frame.astype({"a": "float32"})) != same
