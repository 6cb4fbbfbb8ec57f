"""Whether other analyses of a comparison say the same as the primary one, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.exhibits.people import capital
from toolkit.wording import counted


def verdict_sentence(flags: Sequence[str]) -> str:
    """Return the sentence that follows a table of analyses.

    Parameters
    ----------
    flags : sequence of str
        One for each other analysis that is defined, of ``verdict_flag``; empty where it agrees.
    """
    if not flags:
        return "No other analysis is defined for these readings."
    raised = [flag for flag in flags if flag]
    if not raised:
        words = "The other analysis has" if len(flags) == 1 else "All other analyses have"
        return f"{words} the same verdict as the primary one."
    if len(flags) == 1:
        opening = "The other analysis has"
    else:
        some = capital(counted(len(raised), "of", "of"))
        others = counted(len(flags), "other analysis", "other analyses")
        opening = f"{some} {others} {'has' if len(raised) == 1 else 'have'}"
    return (
        f"{opening} another verdict: {'; '.join(raised)}. The answer follows the primary analysis, "
        "which was fixed in the parameters."
    )
