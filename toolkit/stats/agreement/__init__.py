"""Whether readers agree, and by how much two measurements differ.

=========================== =======================================================================
``two_reader_agreement``    two readers beyond chance: kappa, pi, AC1 and AC2
``agreement_table``         what two readers said of the same cases, ``AgreementTable``
``percent_agreement``       how often they agree; on what: ``specific_agreement``
``prevalence_index``        why kappa is low; also ``bias_index``
``multi_reader_agreement``  several readers beyond chance, also with gaps
``kappa_test``              better than chance? ``fleiss_kappa_test`` of several readers
``agreement_difference_ci`` do they agree more in one modality than in another?
``icc_agreement``           numbers: ``icc_consistency``, ``icc_one_way``
``agreement_limits``        Bland-Altman limits; ``ratio_agreement_limits``
``proportional_bias_slope`` ... does the difference grow with size?
=========================== =======================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
