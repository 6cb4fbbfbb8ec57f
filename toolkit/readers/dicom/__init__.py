"""Readers of mammography DICOM: an inventory of headers, AI results from structured reports."""
