"""The self-test: published results, other programs' numbers and exact answers, recomputed here.

``selftest.json`` holds what must come out, ``methods`` the function of the toolkit for each
method, ``exact`` answers that need no toolkit, and ``run`` writes the page.
"""

from toolkit.study.selftest.engine import Findings
from toolkit.study.selftest.run import DEFAULT_OUT, run_selftest, summary_lines

__all__ = ["DEFAULT_OUT", "Findings", "run_selftest", "summary_lines"]
