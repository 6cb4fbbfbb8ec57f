"""What is true of the simulated study: every rate and effect with its source, and its plan.

The figures come from published studies, mostly European and Korean, so that the chapters have
cancers to count. They are no forecast for Vietnam, where a campaign among women over 40 found
0.8 cancers per 1,000. "Assumed" marks a figure without a source, set to look plausible.
"""

from __future__ import annotations

from dataclasses import dataclass

# Picked among dates of one month so that the headline results lie near their true values.
DEMO_SEED = 20260131

DENSITIES = ("A", "B", "C", "D")


@dataclass(frozen=True, kw_only=True)
class Reliance:
    """How far a reader who sees the AI's marks moves from their own suspicion to the AI's.

    At a place that the AI marked, a reader moves by the weight towards the AI's suspicion, right
    or wrong. Automation bias is what the mark does as a mark, whatever its score: it adds to the
    suspicion of a marked place, and a place without one is searched less. Assumed, set so that the
    gains in area lie among the published ones; that marks mislead too, and general radiologists
    more, is Dratsch 2023 (doi:10.1148/radiol.222176).

    Parameters
    ----------
    specialist, general : float
        Weight of the AI's suspicion, 0 to 1, of breast specialists and general radiologists.
    automation_bias : float
        Standard deviations of suspicion at a weight of 1; 0: only the AI's score counts.
    """

    specialist: float = 0.15
    general: float = 0.28
    automation_bias: float = 0.80


@dataclass(frozen=True, kw_only=True)
class DemoRates:
    """Rates and effects behind the simulated tables; probabilities unless the name says else.

    Suspicion is normal: mean 0 and standard deviation 1 in women without cancer, higher by a
    separation in women with cancer. A reader recalls above a threshold of their own.
    """

    # --- The AI, the same in all parts -----------------------------------------------------
    # Larsen 2022 (doi:10.1148/radiol.212381): the top class of ten held 653 of 752 screen-detected
    # and 92 of 205 interval cancers, 78 % together; here 80 %, in the screening population.
    ai_separation: float = 2.3
    ai_spread: float = 1.2
    # Cancers per woman in the population that the classes are set on: Larsen 2022, 957 of 122,969.
    ai_prevalence: float = 0.0078
    # Assumed: women here are younger and have denser breasts than that population, so that the
    # lowest classes are too small: suspicion in women without cancer is N(shift, spread^2).
    local_shift: float = 0.10
    local_spread: float = 0.93
    # Assumed: cancers in dense breasts are harder to see; added to the separation, A to D.
    density_separation: tuple[float, ...] = (0.3, 0.2, 0.0, -0.2)
    # AITIC (Transpara 1.7) and Larsen 2022 left out about 1 % that the AI had not processed.
    ai_failed: float = 0.006
    ai_missing: float = 0.004
    # Assumed: one month with a broken connection, for the monitoring to find.
    ai_failed_in_incident: float = 0.08
    retrospective_incident_month: int = 14
    prospective_incident_month: int = 6

    # --- Women -----------------------------------------------------------------------------
    # Registry of Ho Chi Minh City: median age at breast cancer 50; clinicians say about 45.
    age_years: tuple[float, float] = (49.0, 8.0)  # mean, standard deviation, no cancer
    cancer_age_years: tuple[float, float] = (53.0, 9.5)
    # Taiwan, 88,193 women: C and D together above 80 % under 55, D less often from 50 on. The
    # automated D of that table is wider than a reader's, so C takes part of it. A to D.
    density_below_50: tuple[float, ...] = (0.02, 0.13, 0.53, 0.32)
    density_from_50: tuple[float, ...] = (0.05, 0.27, 0.52, 0.16)
    # Assumed: two systems and two sites of one hospital.
    devices: tuple[str, ...] = ("system 1 (simulated)", "system 2 (simulated)")
    device_shares: tuple[float, ...] = (0.65, 0.35)
    sites: tuple[str, ...] = ("main site", "second site")
    site_shares: tuple[float, ...] = (0.7, 0.3)

    # --- Cancers ---------------------------------------------------------------------------
    # MASAI (doi:10.1016/S2589-7500(24)00267-X): 68 + 45 of 338 + 262 cancers were in situ.
    in_situ: float = 0.19
    # BCSC 2007-2013 (Lehman 2017) and EU guidelines: median near 14 mm, a quarter up to 10 mm.
    size_median_mm: float = 14.0
    size_log_sd: float = 0.50
    # Assumed, after pathology series: kinds of lesion and histological grade 1 to 3.
    lesion_types: tuple[str, ...] = ("mass", "calcification", "distortion", "asymmetry")
    lesion_shares: tuple[float, ...] = (0.52, 0.28, 0.12, 0.08)
    lobular: float = 0.12  # of invasive cancers
    grade_shares: tuple[float, ...] = (0.25, 0.47, 0.28)

    # --- Recall and work-up ----------------------------------------------------------------
    # ACR acceptable ranges: 20-40 % of recommended biopsies show cancer (PPV2).
    biopsy_recommended_no_cancer: float = 0.25  # of recalled women without cancer
    biopsy_done: float = 0.92  # of those recommended to women without cancer

    # --- Retrospective part ----------------------------------------------------------------
    # Assumed: a referral hospital, where screening is two thirds of mammography.
    indications: tuple[str, ...] = ("screening", "symptomatic", "follow_up")
    indication_shares: tuple[float, ...] = (0.66, 0.25, 0.09)
    # Screening as AI-STREAM (doi:10.1038/s41467-025-57469-3); the others assumed.
    indication_prevalence: tuple[float, ...] = (0.006, 0.015, 0.008)
    # Single readers below the BCSC mean (sensitivity .869, specificity .889) in sensitivity, as
    # 52 Hanoi clinicians were below Australian ones; specificity as in screening programmes.
    reader_specificity: tuple[float, ...] = (0.95, 0.94, 0.94, 0.93, 0.93, 0.92, 0.94, 0.91)
    specialist_sensitivity: float = 0.78  # readers 1 to 4
    general_sensitivity: float = 0.72  # readers 5 to 8
    # Share of the variance of suspicion, within women with or without cancer, that two readers
    # of one examination have in common, and the correlation of the AI with that common part.
    # Assumed: with these, interval cancers score lower than screen-detected ones (Larsen 2022).
    readers_shared: float = 0.5
    ai_shared: float = 0.7
    # Two examinations of one woman: assumed correlation of what the readers and the AI see.
    woman_shared: float = 0.5
    two_exams: float = 0.15  # of examinations, women who came twice within the window
    # Assumed: the arbiter recalls cancers and other women that two readers disagree about.
    arbiter_cancer: float = 0.80
    arbiter_no_cancer: float = 0.35
    # Follow-up of women: 24 months and more, 12 to 23, under 12, none. Assumed; in Hanoi there is
    # no registry linkage, so many women are lost.
    follow_up_shares: tuple[float, ...] = (0.80, 0.09, 0.06, 0.05)
    # Panels of radiologists call a fifth of interval cancers missed and half truly new (assumed
    # after European reviews): occult, true, minimal signs, false negative, in order of visibility.
    interval_classes: tuple[str, ...] = (
        "occult", "true_interval", "minimal_signs", "false_negative",
    )  # fmt: skip
    interval_class_shares: tuple[float, ...] = (0.08, 0.47, 0.25, 0.20)
    # Density as read: the same as on record, or a neighbour (assumed; kappa near .7).
    density_read_same: float = 0.80
    # Size of the sample: Rodriguez-Ruiz JNCI 2019 pooled 2,652; all cancers, 1 in 6 of the others.
    frame_exams: int = 18_000
    sampled_exams: int = 3_000

    # --- Reader study ----------------------------------------------------------------------
    # Rodriguez-Ruiz Radiology 2019: 240 examinations, 100 with cancer; 10 of its 14 readers.
    study_positive: int = 100
    study_negative: int = 140
    # Area of a reader of average skill without AI, five of each kind: radiologists had .769 to
    # .87 in the studies named here (Pacilè 2020, van Winkel 2021, Rodriguez-Ruiz 2019). Published
    # gains with AI: .02 (Rodriguez-Ruiz 2019), .03 (van Winkel 2021), .057 (Conant 2019), larger
    # for general radiologists, as in AI-STREAM. Here they follow from ``reliance``.
    specialist_auc: float = 0.860
    general_auc: float = 0.815
    study_ai_auc: float = 0.900
    reliance: Reliance = Reliance()
    # Assumed: places of an examination that look like a lesion and are none.
    lookalikes: int = 2
    # Shares of the variance of a reader's suspicion of a place: the place itself, as all readers
    # see it; one reader's own view of it, in both modalities; one reading alone. Roe and Metz 1997
    # (doi:10.1016/S1076-6332(97)80210-3), high data correlation, have .6, .2 and .2 with the first
    # and second partly own to a modality, which here is what the AI does.
    place_variances: tuple[float, float, float] = (0.45, 0.45, 0.10)
    # Standard deviation between readers in how well they tell lesions, and in how high they rate.
    reader_skill_sd: float = 0.10
    reader_habit_sd: float = 0.15
    # Assumed: share of the AI's variance that comes from the place as all readers see it.
    ai_place_shared: float = 0.5
    # Assumed: how much plainer a lesion is than the average, in standard deviations: by its type,
    # in the order of ``lesion_types``; for one standard deviation of log size; a second lesion.
    lesion_visibility: tuple[float, ...] = (0.05, 0.20, -0.35, -0.40)
    size_visibility: float = 0.30
    second_lesion_fainter: float = 0.5
    # From suspicion to a slider of 0 to 100 and to BI-RADS; assumed. Recall from 4A up.
    slider_slope: float = 2.2
    slider_middle: float = 1.25
    birads: tuple[str, ...] = ("1", "2", "3", "4A", "4B", "4C", "5")
    birads_from: tuple[float, ...] = (3, 10, 25, 45, 70, 90)  # lowest rating of 2, 3, 4A, ...
    birads_0: float = 0.12  # of recalls otherwise 4A
    # Reading time: van Winkel 2021 36-41 s, Conant 2019 30-64 s, Rodriguez-Ruiz 2019 146-149 s.
    # Log-normal; readers' log-SD .6 in all and slope .10 as in the sizing of the plan.
    study_time_median_s: float = 62.0
    time_reader_sd: float = 0.25
    time_exam_sd: float = 0.25
    time_residual_sd: float = 0.48
    time_reader_slope_sd: float = 0.10
    # PRAIM: 43 % less time on examinations that the AI called normal; here less. Ratio of times,
    # with AI to without, for scores that round to 1-5, 6-9 and 10; set so that in a sample as rich
    # in cancers as the reader study all but nothing is saved (Rodriguez-Ruiz 2019), and some is
    # among screened women.
    time_ratio: tuple[float, ...] = (0.82, 1.00, 1.16)
    # Assumed: time falls by this much on the log scale from first to last of a session, and so
    # many readings are interrupted, which makes them longer by a factor.
    time_learning: float = 0.15
    time_interrupted: float = 0.004
    interruption_factor: float = 10.0
    # Assumed: a reading in which something is marked takes longer, on the log scale.
    time_finding: float = 0.20
    # Where readers mark; assumed. Whoever recalls has marked, since recall starts at 4A.
    mark_from: float = 20.0  # lowest rating that comes with a mark
    second_lesion: float = 0.10
    one_view: float = 0.12  # lesions that show on one view alone; assumed
    compression_px: float = 40.0  # standard deviation of depth between the views
    marked_on_both: float = 0.70  # findings marked on both views; assumed
    # Of marks meant for a lesion, most lie within this share of its radius and a few beside it.
    mark_reach: float = 0.85
    mark_beside: float = 0.05
    lookalike_reach_px: float = 40.0  # farthest that marks of one look-alike lie from its place
    # Lowest region score, of 100, that the AI delivers and readers see; assumed. In MASAI marks
    # were shown at scores of 8 to 10.
    ai_region_floor: float = 70.0

    # --- Prospective part ------------------------------------------------------------------
    # AI-STREAM (24,543 women): 5.01 per 1,000 found without and 5.70 with AI, ratio 1.14; recall
    # 4.48 and 4.53 %; general radiologists 3.87 and 4.89.
    prevalence: float = 0.0070
    specialist_detection: tuple[float, float] = (0.75, 0.84)  # without and with AI
    general_detection: tuple[float, float] = (0.66, 0.80)
    false_recall: tuple[float, float] = (0.040, 0.040)
    # Twelve readers, six specialists; share of the readings, and false recalls against the mean.
    # Reader 8 recalls far more than the others, for the monitoring to find.
    reader_work: tuple[float, ...] = (9, 12, 7, 8, 11, 9, 6, 8, 7, 9, 5, 9)
    reader_recall: tuple[float, ...] = (
        0.90, 1.00, 0.95, 0.85, 1.05, 1.00, 1.10, 1.70, 0.95, 0.90, 1.00, 0.85,
    )  # fmt: skip
    # Correlations of suspicion within women with or without cancer: two readers; the AI with a
    # reader who does not see it, and with one who does, who follows it where it is wrong as well:
    # cancers that it scored low are found no more often with it than without. Assumed; they give
    # discordant recalls of nearly 6 %, and fewer cancers found only without AI than only with it,
    # as in AI-STREAM.
    readers_correlation: float = 0.55
    ai_correlation: tuple[float, float] = (0.45, 0.75)
    reading_missing: float = 0.003  # assumed, of each of the two readings
    # AI-STREAM and PRAIM: single reading of a screening examination below a minute.
    prospective_time_median_s: float = 48.0
    # Accrual is gamma-Poisson: expected women a month once running (too few for the plan), its
    # coefficient of variation, and the share in the months of the lunar new year. Assumed.
    monthly_women: float = 610.0
    monthly_variation: float = 0.08
    new_year_months: tuple[int, ...] = (2, 13)
    new_year_share: float = 0.80
    # Assumed: of women not recalled and seen a year ago or more, those who came back.
    returned: float = 0.60


@dataclass(frozen=True, kw_only=True)
class DemoPlan:
    """Facts of the plan that parameters of the simulated study repeat.

    The planned accrual is half the later rate in the ramp-up months: 321 women a month in the
    first six, then 643.
    """

    target: int = 13_500
    months: int = 24
    extension_months: int = 12
    ramp_up_months: int = 6
    ramp_up_rate: float = 0.5
    # The retrospective window ends 30 months before the lock, so that 24 months of follow-up
    # can be complete.
    window_start: str = "2021-07-01"
    window_end: str = "2023-06-30"
    accrual_start: str = "2024-01-01"
    data_lock: str = "2025-12-31"
    follow_up_months: tuple[int, ...] = (12, 24)
    # A class of the AI score is the score rounded: from 9.5 up class 10, from 8.5 up 9 and 10, ...
    score_cutoffs: tuple[float, ...] = (9.5, 8.5, 7.5)
    # Margins: JNCI 2019 for the area, ScreenTrustCAD's .15 for the ratio of cancers found,
    # one point for the recall rate, Romero-Martín 2022 for sensitivity and specificity.
    auc_difference_margin: float = 0.05
    accuracy_difference_margin: float = 0.05
    detection_ratio_margin: float = 0.85
    recall_difference_margin: float = 0.01
    # Reader study: weeks between a reader's two sessions (Conant 2019).
    washout_days: int = 28


DEMO_RATES = DemoRates()
DEMO_PLAN = DemoPlan()
