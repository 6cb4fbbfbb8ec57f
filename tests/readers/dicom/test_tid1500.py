"""Measurement reports: those of a program are AI results, those of people are not."""

import pytest

from tests.sr_samples import (
    CAD_SR,
    EXAM,
    IMAGES,
    algorithm,
    code,
    coded,
    image,
    item,
    number,
    read_back,
    report,
    row_of,
    shape,
    text,
)
from toolkit.demo.dicom.exam_objects import dose_report, measurement_report
from toolkit.readers.dicom.reports.results import report_of, report_row

DEVICE = coded("121005", "121007", by="HAS OBS CONTEXT")
PERSON = coded("121005", "121006", by="HAS OBS CONTEXT")


def group(*children):
    return item("CONTAINER", "125007", *children)


def measured(*children, **values):
    return report_of(
        report(
            *children,
            SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22",
            ConceptNameCodeSequence=code("126000"),
            **values,
        )
    )


def test_measurement_report_of_a_device_says_what_was_written():
    found = read_back(measurement_report(EXAM, IMAGES[1], x=20, y=30, radius=5, score="0.625"))
    [one] = found.findings
    assert (one.x_px, one.y_px, one.radius_px) == (20, 30, 5)
    assert (one.image_uid, one.intent) == (IMAGES[1].SOPInstanceUID, "required")
    assert one.kind == ("129793001", "SCT")
    assert [(score.raw, score.unit) for score in one.scores] == [("0.625", "1")]
    assert (found.template, found.state, found.not_mapped) == ("1500", "with_findings", ())


def test_measurement_report_without_a_probability_is_no_ai_result():
    dataset = measurement_report(EXAM, IMAGES[1], x=20, y=30, radius=5)
    assert row_of(dataset) == {
        "report_uid": dataset.SOPInstanceUID,
        "study_uid": EXAM.study_uid,
        "template": "",
        "report": "",
    }


def test_dose_report_is_no_ai_result():
    """Pitfall 14."""
    assert row_of(dose_report(EXAM))["template"] == ""


def test_real_reports_of_other_kinds_are_no_ai_results(reference_data):
    """Pitfall 14: seven structured reports and a dose report of eight writers."""
    files = sorted((reference_data / "data" / "dicom").glob("*.dcm"))
    found = {}
    for path in files:
        data = path.read_bytes()
        if "sr_" in path.name or "rdsr" in path.name:
            row = report_row(lambda at, n, data=data: data[at : at + n], len(data))
            found[path.name] = row["template"]
    assert len(found) == 8
    assert set(found.values()) == {""}


def test_report_of_a_person_is_no_ai_result_even_with_a_probability():
    scored = group(number("111047", "50"))
    name = item("PNAME", "121008", by="HAS OBS CONTEXT")
    assert measured(PERSON, scored) is None
    assert measured(DEVICE, name, scored) is None
    assert measured(scored) is None
    assert measured(DEVICE, scored) is not None


def test_algorithm_that_measured_nothing_did_not_say_that_it_looked():
    found = measured(*algorithm())
    assert (found.state, found.product, found.findings) == ("failed", "Reader X", ())
    assert "no place to say that nothing was found" in found.state_reason


def test_device_names_the_product_where_no_algorithm_does():
    found = measured(
        DEVICE,
        text("121015", "Model"),
        text("121014", "Maker"),
        group(number("111047", "50")),
        SoftwareVersions="3.1",
    )
    assert (found.product, found.manufacturer, found.version) == ("Model", "Maker", "3.1")


def test_region_may_hang_on_the_number_that_was_measured_from_it():
    region = shape("CIRCLE", 5.0, 6.0, 8.0, 6.0, concept="111030", by="INFERRED FROM")
    diameter = number("81827009", "6", "mm", scheme="SCT") | {"ContentSequence": (region,)}
    [one] = measured(*algorithm(), group(diameter)).findings
    assert (one.x_px, one.radius_px) == (5.0, 3.0)


def test_points_of_another_meaning_are_no_region():
    points = shape("POINT", 5.0, 6.0, concept="122438", by="CONTAINS")
    assert measured(*algorithm(), group(points)).findings[0].x_px is None


def test_copied_group_and_unread_coordinates_are_told():
    source = item("COMPOSITE", "111040", by="HAS OBS CONTEXT")
    found = measured(*algorithm(), group(source), group(item("SCOORD3D", "121231")))
    assert [one.from_prior for one in found.findings] == [True, False]
    assert [one.reason for one in found.not_mapped] == ["coordinates of type SCOORD3D are not read"]


@pytest.mark.parametrize(
    ("values", "template"),
    [
        ({}, "4000"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"}, "4000"),
        ({"ConceptNameCodeSequence": code("999")}, "4000"),
        ({"SOPClassUID": "1.2", "ConceptNameCodeSequence": code("999")}, None),
        (
            {
                "SOPClassUID": "1.2",
                "ConceptNameCodeSequence": code("999"),
                "ContentTemplateSequence": ({"TemplateIdentifier": "4000"},),
            },
            "4000",
        ),
        ({"SOPClassUID": CAD_SR, "ConceptNameCodeSequence": code("126000")}, "4000"),
    ],
)
def test_template_is_known_by_class_title_or_identifier(values, template):
    found = report_of(report(image(by="CONTAINS"), **values))
    assert (found.template if found else None) == template
