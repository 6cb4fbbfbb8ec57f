"""The six canonical tables as one list of column definitions.

Everything that must know a column (checks, column maps, documentation, exports) reads it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "category", "number", "integer", "binary", "date"]

PARTS = ("retrospective", "reader_study", "prospective")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name : str
        Name in the table; a unit or scale is part of it.
    kind : {"text", "category", "number", "integer", "binary", "date"}
        In a checked table text and category are pandas ``str`` with NaN as missing; number,
        integer and binary (0/1) are float64; date is ``datetime64[ns]`` without a time zone.
    description : str
        What a cell says, for the documentation.
    required : bool
        The source must have the column and no cell is missing; true of every key column.
    always : bool
        In the checked table even where the source lacks it; then every cell is missing.
    identifying : bool
        Values never stand in a message, a log or a report.
    allowed : tuple of str
        The closed vocabulary of a category; empty where any text will do.
    minimum, maximum : float, optional
        Range of a number, both ends allowed.
    default : str
        What an absent column and a missing cell are filled with; empty: nothing.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    always: bool = False
    identifying: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: str = ""


@dataclass(frozen=True, kw_only=True)
class TableDefinition:
    """One canonical table.

    Parameters
    ----------
    name : str
        Name of the table.
    key : tuple of str
        Columns that make its key, each in every row.
    columns : tuple of Column
        All its columns.
    key_if_given : tuple of str
        Columns that belong to the key in the tables that have them.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    key_if_given: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in the order of a checked table."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column of this name; a KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]


def _id(name: str, description: str, *, required: bool = False, always: bool = False) -> Column:
    """Column of identifiers: text, never shown."""
    return Column(
        name=name,
        kind="text",
        description=description,
        required=required,
        always=always,
        identifying=True,
    )


def _text(name: str, description: str) -> Column:
    """Column of free text."""
    return Column(name=name, kind="text", description=description)


def _category(name: str, description: str, *allowed: str, always: bool = False) -> Column:
    """Column of categories, from a closed vocabulary where one is given."""
    return Column(
        name=name, kind="category", description=description, allowed=allowed, always=always
    )


def _number(
    name: str,
    description: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    always: bool = False,
) -> Column:
    """Column of numbers."""
    return Column(
        name=name,
        kind="number",
        description=description,
        minimum=minimum,
        maximum=maximum,
        always=always,
    )


def _integer(
    name: str,
    description: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    always: bool = False,
) -> Column:
    """Column of whole numbers."""
    return Column(
        name=name,
        kind="integer",
        description=description,
        minimum=minimum,
        maximum=maximum,
        always=always,
    )


def _binary(name: str, description: str, *, always: bool = False) -> Column:
    """Column of 0 and 1."""
    return Column(name=name, kind="binary", description=description, always=always)


def _date(name: str, description: str) -> Column:
    """Column of dates, with or without a time of day, never shown."""
    return Column(name=name, kind="date", description=description, identifying=True)


_CASE_ID = _id("case_id", "the case: one examination, or one breast of it", required=True)
_READER_ID = _id("reader_id", "one interpreter; each version of an AI is another", required=True)
_MODALITY = Column(
    name="modality",
    kind="category",
    description="reading condition compared: unaided, aided; standalone for the AI itself",
    required=True,
)
_SESSION = Column(
    name="session",
    kind="category",
    description="reading session; 1 unless the file says otherwise",
    required=True,
    default="1",
)

CASES = TableDefinition(
    name="cases",
    key=("case_id",),
    columns=(
        _CASE_ID,
        _id("patient_id", "the woman; clusters cases", always=True),
        _binary("truth", "reference standard: 1 cancer, 0 none, missing unknown", always=True),
        _category(
            "truth_source",
            "what the reference standard rests on",
            "pathology_malignant",
            "pathology_benign",
            "follow_up_24_months",
            "follow_up_12_months",
            "registry",
            "expert_panel",
            "none",
            always=True,
        ),
        _id("exam_id", "the examination, where a case is one breast"),
        _category("laterality", "breast, where a case is one breast", "L", "R"),
        _number("follow_up_months", "follow-up after the examination, months", 0, 600),
        _date("exam_date", "date of the examination"),
        _date("cancer_date", "date of the diagnosis that the truth is about"),
        _category("cancer_type", "kind of cancer found", "invasive", "in_situ", "other"),
        _category(
            "interval_class",
            "class of an interval cancer by a blinded panel",
            "true_interval",
            "minimal_signs",
            "false_negative",
            "occult",
            "unclassified",
        ),
        _category(
            "indication",
            "why the examination was made",
            "screening",
            "symptomatic",
            "follow_up",
            "other",
        ),
        _category("arm", "allocation in a trial"),
        _category("site", "where the examination was made"),
        _number("age_years", "age at the examination, years", 18, 110),
        _category("density", "breast density of the examination", "A", "B", "C", "D"),
        _category("device", "mammography system"),
        _binary("recalled", "1 the woman was recalled"),
        _binary("biopsy_recommended", "1 a biopsy was recommended"),
        _binary("biopsied", "1 a biopsy was taken"),
        _binary("consensus", "1 the examination went to consensus or arbitration"),
        _category("stratum", "stratum of a weighted sample"),
        _number("weight", "sampling weight: cases of the population that this case stands for", 0),
    ),
)

READERS = TableDefinition(
    name="readers",
    key=("reader_id",),
    columns=(
        _READER_ID,
        Column(
            name="kind",
            kind="category",
            description="a person or a program",
            required=True,
            allowed=("human", "ai"),
        ),
        _number("experience_years", "experience in reading mammograms, years", 0, 70),
        _binary("specialist", "1 the reader is a breast radiologist"),
        _category("site", "where the reader works"),
        _text("product", "AI: name of the product"),
        _text("version", "AI: version of the product"),
        _number("score_min", "AI: lowest score of its scale"),
        _number("score_max", "AI: highest score of its scale"),
        _category("score_kind", "AI: what one score is about", "exam", "breast", "region"),
        _number("export_floor", "AI: marks below this score are not exported"),
    ),
)

READINGS = TableDefinition(
    name="readings",
    key=("reader_id", "case_id", "modality", "session"),
    columns=(
        _READER_ID,
        _CASE_ID,
        _MODALITY,
        _SESSION,
        _number("rating", "suspicion, higher is worse", always=True),
        _binary("call", "1 recalled, 0 not", always=True),
        Column(
            name="status",
            kind="category",
            description="whether the reading was made; failed and missing ones have no result",
            always=True,
            allowed=("complete", "failed", "missing"),
            default="complete",
        ),
        _text("birads", "BI-RADS assessment as written; never a rating, as 0 has no rank"),
        _category("density", "breast density as read", "A", "B", "C", "D"),
        _number("reading_time_s", "time taken, seconds", 0, 86_400),
        _integer("order", "place of the case in the reader's session, from 1", 1),
        _date("read_at", "when the reading was made"),
        _integer("position", "routine double reading: 1 first, 2 second, 3 arbiter", 1, 3),
    ),
)

IMAGES = TableDefinition(
    name="images",
    key=("image_id",),
    columns=(
        _id("image_id", "the image", required=True),
        _CASE_ID,
        _category("laterality", "breast shown", "L", "R", always=True),
        _category("view", "projection: CC, MLO, ...", always=True),
        _integer("rows", "height, pixels", 1, always=True),
        _integer("columns", "width, pixels", 1, always=True),
        _number("pixel_spacing_mm", "distance of pixel centres, mm", 0, 10, always=True),
        _category("device", "mammography system"),
        _category("dicom_modality", "DICOM Modality (0008,0060)"),
        _category("sop_class", "DICOM SOP class UID, the same for all images of its kind"),
        _integer("frames", "number of frames", 1),
        _id("path", "file, relative to the data folder"),
        _id("sha256", "hash of the file"),
    ),
)

LESIONS = TableDefinition(
    name="lesions",
    key=("case_id", "lesion_id"),
    key_if_given=("image_id",),
    columns=(
        _CASE_ID,
        _id("lesion_id", "the lesion, unique in its case", required=True),
        _id("image_id", "image that the place refers to; one row for each image that shows it"),
        _number("x_px", "centre, pixels from the left", 0),
        _number("y_px", "centre, pixels from the top", 0),
        _number("radius_px", "radius, pixels", 0),
        _text("outline", "polygon as x,y pairs, pixels"),
        _category("lesion_type", "mass, calcification, distortion, asymmetry, ..."),
        _number("size_mm", "largest diameter, mm", 0, 300),
        _category("histology", "histological type"),
        _category("grade", "histological grade"),
        _number("weight", "weight of the lesion in its case; they add up to 1", 0, 1),
    ),
)

MARKS = TableDefinition(
    name="marks",
    key=("reader_id", "case_id", "modality", "session", "mark_id"),
    columns=(
        _READER_ID,
        _CASE_ID,
        _MODALITY,
        _SESSION,
        _id("mark_id", "the mark, unique in its reading", required=True),
        Column(
            name="rating",
            kind="number",
            description="suspicion of this place, higher is worse",
            required=True,
        ),
        _id("image_id", "image that was marked"),
        _number("x_px", "pixels from the left", 0),
        _number("y_px", "pixels from the top", 0),
        _number("radius_px", "radius of the marked region, pixels", 0),
        _text("outline", "marked region as a polygon of x,y pairs, pixels"),
        _integer("frame", "frame of the image, from 1", 1),
        _category("mark_type", "LL lesion localization, NL non-lesion localization", "LL", "NL"),
        _id("lesion_id", "lesion that an LL mark hits"),
    ),
)

TABLES: dict[str, TableDefinition] = {
    table.name: table for table in (CASES, READERS, READINGS, IMAGES, LESIONS, MARKS)
}
