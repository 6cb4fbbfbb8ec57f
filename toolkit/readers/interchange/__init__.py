"""Files of other reader-study programs, read to canonical tables and written from them."""

from toolkit.readers.interchange.convert import (
    Conversion,
    ConversionError,
    convert,
    read_study_file,
)
from toolkit.readers.interchange.study import StudyFile
from toolkit.readers.interchange.write import study_bytes

__all__ = [
    "Conversion",
    "ConversionError",
    "StudyFile",
    "convert",
    "read_study_file",
    "study_bytes",
]
