"""Studies made from what others have: an archive of DICOM files, a file of another program."""
