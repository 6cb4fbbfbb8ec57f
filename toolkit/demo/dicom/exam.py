"""One invented examination: who, when, and the UIDs of everything that belongs to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

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
