"""De-identification of DICOM objects by a keep list: what the list does not name is dropped.

``engine.deidentified`` works on the bytes of one file; ``keep_list.yaml`` says what is kept and
why.
"""
