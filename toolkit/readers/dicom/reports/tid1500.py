"""Measurement reports (TID 1500) that a program made -> the same as of a Mammography CAD SR.

Most measurement reports are a person's and no AI result. One counts as an AI result if its content
names an algorithm, or a device and no person as its observer, and it holds a probability or
certainty. The template has no place to say that processing failed, or that nothing was found.
"""

from __future__ import annotations

from typing import Final

from toolkit.readers.dicom.reports.places import (
    Maker,
    bad_references,
    bad_values,
    image_uids,
    is_from_prior,
    library_sides,
    maker_of,
    not_mapped,
    place_of,
    values_outside,
    written_at,
    written_number,
)
from toolkit.readers.dicom.reports.tree import (
    ALGORITHM_NAME,
    CENTER,
    CERTAINTY_OF_FINDING,
    DEVICE,
    DEVICE_MANUFACTURER,
    DEVICE_MODEL,
    DEVICE_NAME,
    FINDING,
    IMAGE_LIBRARY,
    IMAGE_REGION,
    MEASUREMENT_GROUP,
    NO_SUSPICION,
    OBSERVER_TYPE,
    OUTLINE,
    PERSON_NAME,
    PROBABILITY_OF_CANCER,
    CadFinding,
    CadReport,
    Item,
    NotMapped,
    State,
    Tree,
    content_tree,
)
from toolkit.readers.dicom.scan.header import Header

_SCORES: Final = (PROBABILITY_OF_CANCER, CERTAINTY_OF_FINDING)
# A region that hangs on a number has no concept name in some files.
_REGIONS: Final = (IMAGE_REGION, CENTER, OUTLINE, None)
_NOT_OF_THE_EXAM: Final = frozenset((IMAGE_LIBRARY, MEASUREMENT_GROUP))


def tid1500_report(header: Header) -> CadReport | None:
    """Return what a program's measurement report says; None where it is no AI result.

    Parameters
    ----------
    header : Header
        Read with the selection ``REPORT``.

    Notes
    -----
    Each measurement group is a finding to be shown. A report of an algorithm without any group is
    of state ``failed``: nothing in it says that the algorithm looked and found nothing.
    """
    tree = content_tree(header.values)
    scored = any(tree.with_concept(concept) for concept in _SCORES)
    if not tree.with_concept(ALGORITHM_NAME) and not (_by_device(tree) and scored):
        return None
    listed = [*bad_values(header), *bad_references(tree)]
    findings = tuple(
        _finding(tree, group, listed) for group in tree.with_concept(MEASUREMENT_GROUP)
    )
    maker = _maker(header, tree)
    state, reason = _state(findings)
    return CadReport(
        report_uid=header.text("SOPInstanceUID"),
        study_uid=header.text("StudyInstanceUID"),
        template="1500",
        product=maker.product,
        version=maker.version,
        manufacturer=maker.manufacturer,
        product_from=maker.product_from,
        device=maker.device,
        state=state,
        state_reason=reason,
        complete=header.text("CompletionFlag") != "PARTIAL",
        written_at=written_at(header),
        images=image_uids(tree),
        library_sides=library_sides(tree),
        exam_values=values_outside(tree, _NOT_OF_THE_EXAM),
        findings=findings,
        not_mapped=(*listed, *maker.not_mapped),
    )


def _by_device(tree: Tree) -> bool:
    """Whether a device observed and no person did (TID 1001)."""
    types = {item.coded() for item in tree.with_concept(OBSERVER_TYPE)}
    return types == {DEVICE} and not tree.with_concept(PERSON_NAME)


def _maker(header: Header, tree: Tree) -> Maker:
    """Return the program: its algorithm, else its device observer, else the header's."""
    maker = maker_of(header, tree)
    if maker.product_from == "algorithm":
        return maker
    model, name, manufacturer = (
        next((item.text() for item in tree.with_concept(concept)), "")
        for concept in (DEVICE_MODEL, DEVICE_NAME, DEVICE_MANUFACTURER)
    )
    return Maker(
        product=model or name or maker.product,
        version=maker.version,
        manufacturer=manufacturer or maker.manufacturer,
        product_from="header",
        device=maker.device,
        not_mapped=maker.not_mapped,
    )


def _state(findings: tuple[CadFinding, ...]) -> tuple[State, str]:
    """Return what became of the examination, as far as the template can say it."""
    if findings:
        return "with_findings", "measurement groups"
    return "failed", "no measurement group, and no place to say that nothing was found"


def _finding(tree: Tree, group: Item, listed: list[NotMapped]) -> CadFinding:
    """Return one measurement group (TID 1410, TID 1411)."""
    numbers = [child for child in group.children if child.value_type == "NUM"]
    found = tree.child(group, FINDING)
    kind = found.coded() if found else None
    places = [child for child in group.children if child.value_type == "SCOORD"]
    if not places:  # some writers hang a region on the number that was measured from it
        places = [
            inner
            for number in numbers
            for relationship, inner in tree.children(number)
            if relationship == "INFERRED FROM" and inner.value_type == "SCOORD"
        ]
    place, wrong = place_of(tree, [one for one in places if one.concept in _REGIONS])
    listed += [not_mapped(shape, reason) for shape, reason in wrong]
    listed += [
        not_mapped(child, f"coordinates of type {child.value_type} are not read")
        for child in group.children
        if child.value_type in ("SCOORD3D", "TCOORD")
    ]
    return CadFinding(
        path=group.where,
        kind=kind or ("", ""),
        is_suspicion=kind not in NO_SUSPICION,
        intent="required",
        from_prior=is_from_prior(tree, group),
        scores=tuple(
            written_number(child, child.concept) for child in numbers if child.concept in _SCORES
        ),
        image_uid=place.image_uid,
        frame=place.frame,
        x_px=place.centre[0] if place.centre else None,
        y_px=place.centre[1] if place.centre else None,
        radius_px=place.radius_px,
        outline=place.outline,
    )
