"""Mammography CAD SR (TID 4000) -> what the program found, and whether it could look at all.

No report of a product is public: this follows the templates of PS3.16, "Mammography CAD SR IOD
Templates", and lists what it does not understand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from toolkit.readers.dicom.reports.places import (
    Maker,
    UnreadableError,
    bad_references,
    bad_values,
    image_uids,
    is_from_prior,
    library_sides,
    maker_of,
    not_mapped,
    number_of,
    place_of,
    values_outside,
    written_at,
    written_number,
)
from toolkit.readers.dicom.reports.tree import (
    ALGORITHM_NAME,
    CENTER,
    CERTAINTY_OF_FINDING,
    COMPOSITE_FEATURE,
    DEVICE,
    DEVICE_MANUFACTURER,
    DEVICE_MODEL,
    DEVICE_NAME,
    FINDING,
    IMAGE_LIBRARY,
    IMAGE_REGION,
    IMPRESSION,
    MEASUREMENT_GROUP,
    NO_SUSPICION,
    OBSERVER_TYPE,
    OPERATING_POINT,
    OUTLINE,
    PERSON_NAME,
    PROBABILITY_OF_CANCER,
    RENDERING_INTENT,
    SINGLE_IMAGE_FINDING,
    SUMMARY,
    SUMMARY_OF_ANALYSES,
    SUMMARY_OF_DETECTIONS,
    CadFinding,
    CadReport,
    Code,
    Intent,
    Item,
    NotMapped,
    State,
    Tree,
    Written,
    ancestors,
    content_tree,
)
from toolkit.readers.dicom.scan.header import Header

# CID 6047 and CID 6042.
_SUMMARY: Final[dict[Code | None, State]] = {
    ("111241", "DCM"): "without_findings",
    ("111242", "DCM"): "with_findings",
    ("111243", "DCM"): "partly_failed",
    ("111244", "DCM"): "partly_failed",
    ("111245", "DCM"): "failed",
}
_SAYS_FINDINGS: Final = (("111242", "DCM"), ("111244", "DCM"))
_SUCCEEDED, _PARTLY = ("111222", "DCM"), ("111223", "DCM")
_FAILED, _NOT_ATTEMPTED = ("111224", "DCM"), ("111225", "DCM")
_OUTCOMES: Final = (_SUCCEEDED, _PARTLY, _FAILED, _NOT_ATTEMPTED)
# CID 6034.
_INTENT: Final[dict[Code | None, Intent]] = {
    ("111150", "DCM"): "required",
    ("111151", "DCM"): "optional",
    ("111152", "DCM"): "not",
}
_SCORES: Final = (PROBABILITY_OF_CANCER, CERTAINTY_OF_FINDING)
_NOT_OF_THE_EXAM: Final = frozenset(
    (
        IMAGE_LIBRARY,
        SINGLE_IMAGE_FINDING,
        COMPOSITE_FEATURE,
        RENDERING_INTENT,
        SUMMARY_OF_DETECTIONS,
        SUMMARY_OF_ANALYSES,
    )
)
_PARTS: Final = frozenset(
    (
        IMAGE_LIBRARY,
        SUMMARY,
        IMPRESSION,
        COMPOSITE_FEATURE,
        SINGLE_IMAGE_FINDING,
        SUMMARY_OF_DETECTIONS,
        SUMMARY_OF_ANALYSES,
    )
)


def cad_sr_report(header: Header) -> CadReport:
    """Return what a Mammography CAD SR says.

    Parameters
    ----------
    header : Header
        Read with the selection ``REPORT``.

    Returns
    -------
    CadReport
        Its state is the worst that any of the three summaries says.

    Notes
    -----
    Each finding is taken once, where it stands by value; composite features only point at
    findings. A finding is shown as its own rendering intent says, and where it has none as that of
    the nearest item that holds it.
    """
    tree = content_tree(header.values)
    listed = [*bad_values(header), *bad_references(tree)]
    composites = _composites(tree, listed)
    findings = tuple(
        _finding(tree, item, composites, listed) for item in tree.with_concept(SINGLE_IMAGE_FINDING)
    )
    state, state_reason = _state(tree, findings, listed)
    maker = maker_of(header, tree)
    summary = tree.child(tree.root, SUMMARY)
    return CadReport(
        report_uid=header.text("SOPInstanceUID"),
        study_uid=header.text("StudyInstanceUID"),
        template="4000",
        product=maker.product,
        version=maker.version,
        manufacturer=maker.manufacturer,
        product_from=maker.product_from,
        device=maker.device,
        state=state,
        state_reason=state_reason,
        complete=header.text("CompletionFlag") != "PARTIAL",
        written_at=written_at(header),
        images=image_uids(tree),
        library_sides=library_sides(tree),
        exam_values=values_outside(tree, _NOT_OF_THE_EXAM, summary),
        findings=findings,
        not_mapped=(*listed, *maker.not_mapped, *_unread(tree)),
    )


def _unread(tree: Tree) -> list[NotMapped]:
    """Return the parts of the report that are in no template, and coordinates of no image."""
    unread = [
        not_mapped(item, "a part of the report that is not read")
        for item in tree.root.children
        if item.value_type in ("CONTAINER", "CODE")
        and item.relationship == "CONTAINS"
        and item.concept not in _PARTS
    ]
    return unread + [
        not_mapped(item, f"coordinates of type {item.value_type} are not read")
        for item in tree.items.values()
        if item.value_type in ("SCOORD3D", "TCOORD")
    ]


def _composites(tree: Tree, listed: list[NotMapped]) -> dict[str, list[Item]]:
    """Return the composite features of each finding, by the path of the finding."""
    found: dict[str, list[Item]] = {}
    for composite in tree.with_concept(COMPOSITE_FEATURE):
        members = [
            item
            for relationship, item in tree.children(composite)
            if relationship == "INFERRED FROM"
        ]
        for item in members:
            if item.concept == SINGLE_IMAGE_FINDING:
                found.setdefault(item.where, []).append(composite)
            else:
                reason = "a composite feature is inferred from it, but it is no finding in an image"
                listed.append(not_mapped(item, reason))
        if not members:
            listed.append(not_mapped(composite, "a composite feature without any finding"))
    return found


def _finding(
    tree: Tree, item: Item, composites: Mapping[str, list[Item]], listed: list[NotMapped]
) -> CadFinding:
    """Return one finding (TID 4006)."""
    kind = item.coded()
    if kind is None:
        listed.append(not_mapped(item, "a finding without a code of what was found"))
    intent, operating_point = _intent(tree, item, listed)
    places = [child for _, child in tree.children(item) if child.value_type == "SCOORD"]
    place, wrong = place_of(tree, [one for one in places if one.concept in (CENTER, OUTLINE)])
    listed += [not_mapped(shape, reason) for shape, reason in wrong]
    if kind not in NO_SUSPICION:
        reason = "coordinates that are neither centre nor outline of the finding"
        others = (one for one in places if one.concept not in (CENTER, OUTLINE))
        listed += [not_mapped(one, reason) for one in others]
    held_by = composites.get(item.where, [])
    return CadFinding(
        path=item.where,
        kind=kind or ("", ""),
        is_suspicion=kind not in NO_SUSPICION,
        intent=intent,
        operating_point=operating_point,
        from_prior=is_from_prior(tree, item),
        composites=tuple(composite.where for composite in held_by),
        scores=_scores(tree, item),
        composite_scores=tuple(
            score for composite in held_by for score in _scores(tree, composite)
        ),
        image_uid=place.image_uid,
        frame=place.frame,
        x_px=place.centre[0] if place.centre else None,
        y_px=place.centre[1] if place.centre else None,
        radius_px=place.radius_px,
        outline=place.outline,
    )


def _scores(tree: Tree, item: Item) -> tuple[Written, ...]:
    """Return probability of cancer and certainty of a finding or composite feature."""
    return tuple(
        written_number(child, child.concept)
        for _, child in tree.children(item)
        if child.concept in _SCORES and child.value_type == "NUM"
    )


def _intent(tree: Tree, item: Item, listed: list[NotMapped]) -> tuple[Intent, float | None]:
    """Return rendering intent and operating point of a finding."""
    for holder in (item, *ancestors(item)):
        said = tree.child(holder, RENDERING_INTENT)
        if said is None:
            continue
        intent = _INTENT.get(said.coded())
        if intent is None:
            listed.append(not_mapped(said, "a rendering intent that is in no vocabulary"))
            break
        return intent, _operating_point(tree, said, listed)
    listed.append(not_mapped(item, "a finding without a rendering intent is not shown"))
    return "unsaid", None


def _operating_point(tree: Tree, intent: Item, listed: list[NotMapped]) -> float | None:
    """Return the operating point from which an optional finding is shown."""
    point = tree.child(intent, OPERATING_POINT)
    if point is None:
        return None
    try:
        return float(number_of(written_number(point, OPERATING_POINT).raw))
    except UnreadableError as error:
        listed.append(not_mapped(point, str(error)))
        return None


def _state(
    tree: Tree, findings: tuple[CadFinding, ...], listed: list[NotMapped]
) -> tuple[State, str]:
    """Return what became of the examination: the worst that a summary says, and which it was."""
    overall = tree.child(tree.root, SUMMARY)
    code = overall.coded() if overall else None
    own = [one for one in findings if one.is_suspicion and not one.from_prior]
    if overall and code not in _SUMMARY:
        listed.append(not_mapped(overall, "a summary that is in no vocabulary"))
    if overall and code in _SAYS_FINDINGS and not own:
        listed.append(not_mapped(overall, "says that there are findings, but holds none"))
    # What is not for presentation is meant for the next run of the program, and is no finding here.
    to_show = [one for one in own if one.intent != "not"]
    if overall and _SUMMARY.get(code) == "without_findings" and to_show:
        listed.append(not_mapped(overall, "says that there are no findings, but holds some"))
    state = _SUMMARY.get(code)
    detections = _outcome(tree, SUMMARY_OF_DETECTIONS, listed)
    if state is None:
        if detections != _SUCCEEDED:
            return "failed" if detections != _PARTLY else "partly_failed", "no usable summary"
        state = "with_findings" if to_show else "without_findings"
    reason = "111017 DCM" if code in _SUMMARY else "111064 DCM"
    analyses = _outcome(tree, SUMMARY_OF_ANALYSES, listed)
    # An analysis need not be attempted; a detection that was not has found nothing.
    not_all = detections in (_PARTLY, _FAILED, _NOT_ATTEMPTED) or analyses in (_PARTLY, _FAILED)
    if not_all and state in ("with_findings", "without_findings"):
        listed.append(
            NotMapped(
                path=overall.where if overall else "1",
                concept="111017 DCM",
                reason="says that all succeeded, but a summary of detections or analyses does not",
            )
        )
        return "partly_failed", "111064 DCM, 111065 DCM"
    return state, reason


def _outcome(tree: Tree, concept: Code, listed: list[NotMapped]) -> Code | None:
    """Return what became of detections or analyses; None where nothing is said."""
    item = tree.child(tree.root, concept)
    outcome = item.coded() if item else None
    if item and outcome not in _OUTCOMES:
        listed.append(not_mapped(item, "an outcome that is in no vocabulary"))
        return None
    return outcome


# A region that hangs on a number has no concept name in some files.
_REGIONS: Final = (IMAGE_REGION, CENTER, OUTLINE, None)
_OUTSIDE_THE_EXAM: Final = frozenset((IMAGE_LIBRARY, MEASUREMENT_GROUP))


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
        _measured_finding(tree, group, listed) for group in tree.with_concept(MEASUREMENT_GROUP)
    )
    maker = _maker(header, tree)
    state, reason = _report_state(findings)
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
        exam_values=values_outside(tree, _OUTSIDE_THE_EXAM),
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


def _report_state(findings: tuple[CadFinding, ...]) -> tuple[State, str]:
    """Return what became of the examination, as far as the template can say it."""
    if findings:
        return "with_findings", "measurement groups"
    return "failed", "no measurement group, and no place to say that nothing was found"


def _measured_finding(tree: Tree, group: Item, listed: list[NotMapped]) -> CadFinding:
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
