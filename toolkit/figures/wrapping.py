"""Labels broken into lines that fit a width."""

from __future__ import annotations

from toolkit.figures.style import BODY, Weight, text_width


def wrapped(text: str, width: float, size: float = BODY, weight: Weight = 400) -> list[str]:
    """Return a text broken between words so that every line fits a width in inches.

    A single word that is too long stays whole.

    Examples
    --------
    >>> wrapped("Architectural distortion", 1.2)
    ['Architectural', 'distortion']
    """
    lines = [""]
    for word in text.split(" "):  # and nowhere else: a no-break space keeps its words together
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, weight) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
