"""Reader studies: readers and cases random, in one or more modalities.

=========================== =======================================================================
``compare_modalities``      ratings to the difference of modalities, by the design of the study
``compare_ai_with_readers`` an AI against the mean of readers
``fom_table``               figures of merit with their jackknife, for what follows
``obuchowski_rockette``     and dbm, u_statistic_analysis, split_plot: inference on a table
``compare_calls_gee``       binary calls by generalised estimating equations
=========================== =======================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
