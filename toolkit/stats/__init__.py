"""Arrays to results; numpy and scipy, no tables and no files. A package a question."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "agreement",
        "auc",
        "binormal",
        "calibration",
        "claims",
        "froc",
        "monitoring",
        "mrmc",
        "paired",
        "proportions",
        "published",
        "resampling",
        "simulation",
        "sizing",
        "times",
    ],
)
