"""Files of other reader-study programs, read to canonical tables and written from them."""

from toolkit.readers.interchange.convert import (
    Conversion,
    ConversionError,
    convert,
    read_study_file,
    study_bytes,
)
from toolkit.readers.interchange.study import StudyFile

__all__ = [
    "Conversion",
    "ConversionError",
    "StudyFile",
    "convert",
    "read_study_file",
    "study_bytes",
]
