"""How sentences count readers."""

from __future__ import annotations

from toolkit.wording import counted


def capital(text: str) -> str:
    """Return a text as it begins a sentence.

    Examples
    --------
    >>> capital("nine readers"), capital("")
    ('Nine readers', '')
    """
    return text[:1].upper() + text[1:]


def some_of(some: int, of: int, noun: str) -> str:
    """Return how many of some people, in words.

    Examples
    --------
    >>> some_of(3, 9, "reader"), some_of(9, 9, "reader"), some_of(0, 9, "reader")
    ('three of nine readers', 'all nine readers', 'none of nine readers')
    >>> some_of(1, 1, "reader"), some_of(0, 1, "reader")
    ('the one reader', 'none of one reader')
    """
    if some == of:
        return f"all {counted(of, noun)}" if of > 1 else f"the {counted(of, noun)}"
    number = counted(some, "of", "of") if some else "none of"
    return f"{number} {counted(of, noun)}"
