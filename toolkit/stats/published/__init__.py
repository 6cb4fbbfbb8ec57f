"""Results of others, as their papers print them, in the form of our own.

======================== =======================================================================
``PrintedResult``        a difference or a ratio with its interval, or its P, as it is printed
``published_comparison`` the same as a Comparison, with standard error and P
======================== =======================================================================
"""

from toolkit.stats._face import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
