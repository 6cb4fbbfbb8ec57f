"""Marks and lesions: free-response and LROC figures of merit and curves.

=============================== ===================================================================
``froc_study``                  marks and lesions as arrays; lroc_study, roi_study
``froc_fom_table``              figures of merit of the readers, for all inference of reader studies
``wafroc``                      and its kin afroc, hr_auc, max_llf, max_nlf: figures of merit
``froc_curve``                  one reading; mean_froc_curve of several
``lesion_sensitivity_by_group`` lesions found, by kind
=============================== ===================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
