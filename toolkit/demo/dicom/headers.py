"""What every simulated object begins with: patient, study, series, equipment, and its file."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from toolkit.demo.dicom.exam import DemoExam

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
