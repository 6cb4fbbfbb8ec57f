"""One invented examination: who, when, and the UIDs of everything that belongs to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

# UIDs of one length can be exchanged inside an encoded file without moving a byte.
_UID_DIGITS = 39
_FAMILY_NAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô")
_GIVEN_NAMES = ("Thử", "Mẫu", "Giả", "Ảo", "Ví Dụ", "Mô Phỏng", "Tưởng Tượng", "Kiểm Tra")


def make_uid(seed: int, *names: str | int) -> str:
    """Return the UID of a name under a seed: always 44 characters, below 2.25.

    Examples
    --------
    >>> make_uid(1, "study", 7) == make_uid(1, "study", 7), len(make_uid(2, "study", 7))
    (True, 44)
    """
    text = "\x1f".join(str(name) for name in (seed, *names))
    digest = hashlib.sha256(text.encode()).digest()
    # A UUID as a number is below 2**128 = 3.4e38; from 1e38 up it has 39 digits.
    low = 10 ** (_UID_DIGITS - 1)
    return f"2.25.{low + int.from_bytes(digest[:16], 'big') % (2**128 - low)}"


@dataclass(frozen=True, kw_only=True)
class DemoExam:
    """One examination of one invented woman.

    Parameters
    ----------
    seed, number : int
        What all UIDs follow from.
    patient_id, patient_name, accession : str
        Invented; the name in DICOM's form, ``Family^Given``.
    birth_date, exam_date : str
        ``YYYYMMDD``.
    age_years : int
        At the examination.
    device, site : str
        Model name and institution.
    """

    seed: int
    number: int
    patient_id: str = "DEMO-00001"
    patient_name: str = "Nguyễn^Thử"
    accession: str = "DEMO00000001"
    birth_date: str = "19700101"
    exam_date: str = "20210701"
    age_years: int = 51
    device: str = "system 1 (simulated)"
    site: str = "main site"

    def uid(self, *names: str | int) -> str:
        """Return the UID of something that belongs to this examination."""
        return make_uid(self.seed, "exam", self.number, *names)

    @property
    def study_uid(self) -> str:
        """Study Instance UID."""
        return self.uid("study")


def invented_name(number: int) -> str:
    """Return a name that no person has: a family name with a word for "trial" or "made up".

    Examples
    --------
    >>> invented_name(0), invented_name(1)
    ('Nguyễn^Thử', 'Trần^Mẫu')
    """
    family = _FAMILY_NAMES[number % len(_FAMILY_NAMES)]
    return f"{family}^{_GIVEN_NAMES[number % len(_GIVEN_NAMES)]}"


MANUFACTURER = "Demo (simulated)"
IMPLEMENTATION_UID = UID("2.25.170000000000000000000000000000000000001")
EXAM_TIME = "093000"


def new_object(
    exam: DemoExam, *, sop_class: str, modality: str, series: str, instance: int = 1
) -> Dataset:
    """Return the patient, study, series, equipment and SOP common part of an object.

    Parameters
    ----------
    exam : DemoExam
        Whose object it is.
    sop_class : str
        SOP Class UID.
    modality : str
        The DICOM attribute Modality.
    series : str
        Name of the series inside the examination; series UID and number follow from it.
    instance : int
        Instance number in the series; the instance UID follows from series and number.
    """
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = exam.uid(series, instance)
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = exam.exam_date
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = EXAM_TIME
    ds.AccessionNumber = exam.accession
    ds.Modality = modality
    ds.Manufacturer = MANUFACTURER
    ds.InstitutionName = exam.site
    ds.ReferringPhysicianName = ""
    ds.SeriesDescription = series
    ds.ManufacturerModelName = exam.device
    ds.PatientName = exam.patient_name
    ds.PatientID = exam.patient_id
    ds.PatientBirthDate = exam.birth_date
    ds.PatientSex = "F"
    ds.PatientAge = f"{exam.age_years:03d}Y"
    ds.DeviceSerialNumber = "DEMO-1"
    ds.SoftwareVersions = "1.0"
    ds.StudyInstanceUID = exam.study_uid
    ds.SeriesInstanceUID = exam.uid("series", series)
    ds.StudyID = exam.accession
    # A number of its own for each series of the examination, without a register of them.
    ds.SeriesNumber = 1 + sum(series.encode()) % 9000
    ds.InstanceNumber = instance
    set_file_meta(ds)
    return ds


def set_file_meta(ds: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> None:
    """Give an object the file meta information of its own UIDs."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    meta.ImplementationVersionName = "DEMO_DICOM"
    ds.file_meta = meta


def reference_to(ds: Dataset) -> Dataset:
    """Return the item by which other objects refer to this one."""
    item = Dataset()
    item.ReferencedSOPClassUID = ds.SOPClassUID
    item.ReferencedSOPInstanceUID = ds.SOPInstanceUID
    return item


class Code(NamedTuple):
    """A coded concept: value, coding scheme, meaning."""

    value: str
    scheme: str
    meaning: str


def code_item(code: Code) -> Dataset:
    """Return the item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return item


def code_sequence(*codes: Code) -> Sequence:
    """Return a code sequence."""
    return Sequence([code_item(code) for code in codes])


def dcm(value: str, meaning: str) -> Code:
    """Return a concept of DICOM's own terminology."""
    return Code(value, "DCM", meaning)


# The two ways to write one SNOMED concept: by concept identifier (SCT), and the older
# identifier (SRT) that installed products still send.
_SNOMED = {
    "left": ("80248007", "T-04030", "Left breast"),
    "right": ("73056007", "T-04020", "Right breast"),
    "breast": ("76752008", "T-04000", "Breast"),
    "CC": ("399162004", "R-10242", "cranio-caudal"),
    "MLO": ("399368009", "R-10226", "medio-lateral oblique"),
    "mass": ("129788004", "F-01791", "Mammographic breast mass"),
    "density": ("129793001", "F-01796", "Mammography breast density"),
    "calcification cluster": ("129769006", "F-01775", "Calcification Cluster"),
    "calcification": ("129770007", "F-01776", "Individual Calcification"),
    "distortion": ("129792006", "F-01795", "Architectural distortion of breast"),
}
SNOMED_NAMES = tuple(_SNOMED)


def snomed(name: str, scheme: str = "SCT") -> Code:
    """Return a SNOMED concept in one of its two coding schemes.

    Examples
    --------
    >>> snomed("density"), snomed("density", "SRT").value
    (Code(value='129793001', scheme='SCT', meaning='Mammography breast density'), 'F-01796')
    """
    concept, older, meaning = _SNOMED[name]
    if scheme not in ("SCT", "SRT"):
        msg = f"scheme must be 'SCT' or 'SRT', got {scheme!r}"
        raise ValueError(msg)
    return Code(concept if scheme == "SCT" else older, scheme, meaning)


SIDES = {"L": "left", "R": "right"}
PERCENT = Code("%", "UCUM", "Percent")
NO_UNITS = Code("1", "UCUM", "no units")
SCORE_UNIT = Code("{score}", "UCUM", "score")
MILLIMETRE = Code("mm", "UCUM", "millimeter")
# Where the simulated product puts its score of the whole examination; a product's own code is
# all that the standard leaves it.
EXAM_SCORE = Code("DEMO-01", "99DEMO", "Examination score")
