"""Free-response and localization studies: curves and figures of merit of marks and lesions."""
