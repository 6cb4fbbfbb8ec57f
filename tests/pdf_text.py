"""Where text and pictures stand on the pages of a PDF that Chromium printed."""

import re
import zlib
from dataclasses import dataclass

OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.S)
PAGE = re.compile(rb"/Type /Page\b(?!s)")
# A saved state, a restored one, a matrix, a face with its size, the place of a text, a picture.
STEP = re.compile(
    r"^(?:(?P<q>q)|(?P<Q>Q)|(?P<cm>[-.\d ]+) cm|/F\d+ (?P<Tf>[.\d]+) Tf|(?P<Tm>[-.\d ]+) Tm"
    r"|/X\d+ (?P<Do>Do))$",
    re.M,
)


@dataclass
class Printed:
    """A text or a picture: its lower edge from the top of the page and its size, in points."""

    bottom: float
    size: float
    text: bool


def times(a, b):
    """The matrix that applies ``a``, then ``b``; six numbers as PDF writes them."""
    return (
        a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4], a[4] * b[1] + a[5] * b[3] + b[5],
    )  # fmt: skip


def printed_pages(pdf):
    """What stands on each page of a PDF, in its order; and the height of a page in points."""
    objects = {int(match[1]): match[2] for match in OBJECT.finditer(pdf)}
    pages = [content for content in objects.values() if PAGE.search(content)]
    height = float(re.search(rb"/MediaBox \[0 0 [.\d]+ ([.\d]+)\]", pages[0])[1])
    return [_printed(_stream(objects, page), height) for page in pages], height


def _stream(objects, page):
    """The drawing of a page as text."""
    raw = objects[int(re.search(rb"/Contents (\d+) 0 R", page)[1])]
    start = raw.index(b"stream\n") + len(b"stream\n")
    return zlib.decompressobj().decompress(raw[start:]).decode("latin1")


def _printed(drawing, height):
    """What a drawing puts on a page."""
    matrix, kept, face, found = (1, 0, 0, 1, 0, 0), [], 0.0, []
    for step in STEP.finditer(drawing):
        if step["q"]:
            kept.append(matrix)
        elif step["Q"]:
            matrix = kept.pop()
        elif step["cm"]:
            matrix = times(tuple(map(float, step["cm"].split())), matrix)
        elif step["Tf"]:
            face = float(step["Tf"])
        else:
            own = tuple(map(float, step["Tm"].split())) if step["Tm"] else (1, 0, 0, 1, 0, 0)
            place = times(own, matrix)
            size = face if step["Tm"] else 1.0
            found.append(Printed(height - place[5], abs(place[3]) * size, bool(step["Tm"])))
    return found
