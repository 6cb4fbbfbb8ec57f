"""A parameters file: what it may say, and every fault of one that says something else."""

import json
from pathlib import Path

import pytest

from toolkit.study.parameters.file import ParametersError, load_parameters, schema
from toolkit.study.run.plan import plan_chapters

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "parameters").glob("*.yaml"))

GOOD = """\
format: 1
study: tiny
title: A tiny study
data:
  retrospective:
    cases:
      {file: cases.csv, columns: {case_id: case, truth: outcome}, values: {truth: {0: 0, 1: 1}}}
    readings:
      - file: a.csv
        columns: {case_id: case, rating: score}
        constants: {reader_id: "007", modality: unaided}
        separator: ";"
        decimal: ","
chapters:
  - {chapter: 05_standalone_ai, part: retrospective, parameters: {cutoffs: [1, 2.5]}}
"""


def load(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return load_parameters(path)


def faults(tmp_path, text):
    with pytest.raises(ParametersError) as caught:
        load(tmp_path, text)
    return caught.value.faults


def test_load_parameters_reads_maps_and_defaults(tmp_path):
    parameters = load(tmp_path, GOOD)
    sources = parameters.sources["retrospective"]
    assert sources["cases"][0].columns == {"case_id": "case", "truth": "outcome"}
    assert sources["readings"][0].separator == ";"
    assert parameters.analysis.ci_level == 0.95
    assert parameters.data_origin == "study"


def test_demo_is_always_simulated(tmp_path):
    text = "format: 1\nstudy: d\ntitle: D\norigin: study\ndata: demo\nchapters: [{chapter: 05_x}]\n"
    parameters = load(tmp_path, text)
    assert parameters.data_origin == "simulated"
    assert parameters.sources == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("study: tiny", "studi: tiny", "line 2, studi: unknown key; did you mean 'study'?"),
        ("study: tiny\n", "", "study: missing; add it"),
        ("study: tiny", "study: My Study", "line 2, study: string should match pattern"),
        ("title: A tiny study", "title: 7", "line 3, title: input should be a valid string"),
        ("file: cases.csv", "fil: cases.csv", "fil: unknown key; did you mean 'file'?"),
        ("separator:", "seperator:", "seperator: unknown key; did you mean 'separator'?"),
        ("parameters: {", "paramters: {", "paramters: unknown key; did you mean 'parameters'?"),
        ("05_standalone_ai", "standalone", "line 15, chapters[1].chapter: string should match"),
        ('decimal: ","', 'decimal: ";"', "decimal: input should be '.' or ','"),
        ("retrospective:\n", "retrospektive:\n", "retrospektive"),
        ("chapters:\n", "analysis: {ci_level: 95}\nchapters:\n", "ci_level: input should be less"),
        ("chapters:\n", "analysis: {ci_level: yes}\nchapters:\n", "ci_level: input should be a"),
    ],
)
def test_wrong_file_names_line_key_rule_and_remedy(tmp_path, old, new, message):
    assert old in GOOD
    found = faults(tmp_path, GOOD.replace(old, new, 1))
    assert all(fault.startswith("study.yaml, line ") for fault in found)
    assert sum(message in fault for fault in found) == 1, found
    # A misspelt key is missing under its right name as well; nothing else is said.
    assert len(found) <= 2


def test_all_faults_are_listed_at_once(tmp_path):
    text = GOOD.replace("study: tiny", "studi: tiny").replace("title: A", "titel: A")
    assert len(faults(tmp_path, text)) == 4  # two unknown keys, two missing ones


def test_scalars_follow_yaml_core(tmp_path):
    text = GOOD.replace("[1, 2.5]", "[on, 007, 2024-05-06, 1e-3, -4, .5, true, null, 12:30, '1']")
    values = load(tmp_path, text).chapters[0].parameters["cutoffs"]
    assert values == ["on", "007", "2024-05-06", 0.001, -4, 0.5, True, None, "12:30", "1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty, or not a list of keys"),
        ("- a\n- b\n", "empty, or not a list of keys"),
        ("a: [", "study.yaml, line 1: expected the node content"),
        ("a: 1\na: 2\n", "line 2: key 'a' repeats"),
        ("a: &x [1]\nb: *x\n", "line 2: aliases are not allowed"),
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("x" * 1_000_001, "larger than 1,000,000 bytes"),
    ],
)
def test_what_is_no_parameters_file_is_refused(tmp_path, text, message):
    assert message in "\n".join(faults(tmp_path, text))


def test_missing_file_and_wrong_encoding_are_refused(tmp_path):
    with pytest.raises(ParametersError, match="no such file; `study new` writes one"):
        load_parameters(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"title: \xe9t\xe9\n")
    with pytest.raises(ParametersError, match="not UTF-8 at byte 7"):
        load_parameters(tmp_path / "latin.yaml")
    with pytest.raises(ParametersError, match="a folder, not a parameters file"):
        load_parameters(tmp_path)


def test_a_byte_order_mark_is_read_over(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_parameters(path).study == "tiny"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("[{chapter: 05_a}, {chapter: 05_a}]", "05_a stands more than once"),
        ("[{chapter: 05_a, name: 06_b}]", "name 06_b must begin with 05_"),
        ("[]", "at least 1 item"),
    ],
)
def test_chapter_names_must_fit(tmp_path, entries, message):
    text = GOOD[: GOOD.index("chapters:")] + f"chapters: {entries}\n"
    assert message in faults(tmp_path, text)[0]


def test_schema_in_the_repository_is_the_one_of_the_code():
    stored = json.loads((ROOT / "parameters" / "schema.json").read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(schema()))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_parameters_file_is_right_and_names_the_schema(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema.json"
    planned = plan_chapters(load_parameters(path), path)
    assert [chapter.chapter.number for chapter in planned] == sorted(
        chapter.chapter.number for chapter in planned
    )


def test_books_of_data_made_at_random_are_simulated():
    origins = {path.stem: load_parameters(path).data_origin for path in FILES}
    assert {name for name, origin in origins.items() if origin == "simulated"} == {"demo", "braix"}
