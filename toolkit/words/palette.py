"""The colours of the study book by what they mean, light and dark; nothing else names a colour."""

from __future__ import annotations

from typing import Literal

Theme = Literal["light", "dark"]

# Okabe-Ito hues where a colour makes a claim, greys elsewhere. Text on paper has a contrast of at
# least 5.2:1, lines and markers 3:1; "normal" and "amber" have less and only fill areas.
# https://jfly.uni-koeln.de/color/
ROLES: dict[str, tuple[str, str]] = {
    "ink": ("#1d2730", "#e4e8ec"),
    "muted": ("#5a6672", "#a3aeb9"),
    "axis": ("#8b96a1", "#76828e"),
    "grid": ("#e4e8ec", "#2d353d"),
    "paper": ("#ffffff", "#14191e"),
    "band": ("#f3f5f7", "#1c2329"),
    "band2": ("#d9e0e6", "#323c46"),
    "ai": ("#0072b2", "#5db3f0"),
    "unaided": ("#56606b", "#b4bec8"),
    "aided": ("#009e73", "#2cc79a"),
    "aidedtext": ("#007a5a", "#4fd6ae"),
    "cancer": ("#d55e00", "#ff8a3d"),
    "cancertext": ("#b04d00", "#ffa469"),
    "normal": ("#56b4e9", "#4d8fb8"),
    "normaltext": ("#1f6f9f", "#8cc4ea"),
    "benign": ("#cc79a7", "#d993b9"),
    "amber": ("#e69f00", "#f0b43c"),
    "link": ("#005a8c", "#7cc0f2"),
    "warnbg": ("#fff4ea", "#33241a"),
    "simbg": ("#f7effb", "#2b2233"),
    "sim": ("#6b3a86", "#d3aee8"),
}


def css_variables(theme: Theme) -> str:
    """Return the roles as custom properties of a style sheet.

    Examples
    --------
    >>> css_variables("dark")[:29]
    '--ink:#e4e8ec;--muted:#a3aeb9'
    """
    column = 0 if theme == "light" else 1
    return ";".join(f"--{role}:{colours[column]}" for role, colours in ROLES.items())
