"""Simulated DICOM: mammograms, tomosynthesis, CAD reports and what lies beside them.

``archive.write_demo_archive`` writes the simulated study as files; the other modules build single
objects, for tests.
"""
