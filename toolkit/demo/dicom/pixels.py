"""Pixels of a simulated breast: smooth, 12 bit, and with something to see where a lesion is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import FloatArray

WHITE = 4095  # 12 bits

# One 3 x 5 picture per character, a row of bits for each line.
_GLYPHS = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1), "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 1, 1, 1),
    "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7), ".": (0, 0, 0, 0, 2), "/": (1, 1, 2, 4, 4),
    " ": (0, 0, 0, 0, 0), "-": (0, 0, 7, 0, 0),
}  # fmt: skip


@lru_cache(maxsize=8)
def _texture(shape: tuple[int, int], seed: int) -> FloatArray:
    """Return noise whose amplitude falls with frequency to the power 1.5, as parenchyma's does.

    Burgess, Jacobson and Judy (2001), doi:10.1118/1.1355308: power falls with the third power.
    """
    rows, columns = shape
    frequency = np.hypot(
        (np.fft.fftfreq(rows) * rows)[:, np.newaxis], np.fft.rfftfreq(columns) * columns
    )
    amplitude = np.where(frequency >= 2, np.maximum(frequency, 2) ** -1.5, 0)
    white = np.random.default_rng(np.random.SeedSequence(seed)).standard_normal(shape)
    noise: FloatArray = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=shape)
    return noise / max(float(noise.std()), 1e-9)


@lru_cache(maxsize=8)
def _breast(shape: tuple[int, int], view: str, texture: int) -> FloatArray:
    """Return a breast between 0 and 1 whose chest wall is the left edge; air is 0."""
    rows, columns = shape
    y, x = np.ogrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j]
    noise = _texture(shape, texture)
    depth = 1 - (x / 0.85) ** 2 - ((y - 0.5) / 0.45) ** 2
    gland = np.exp(-(((x - 0.33) / 0.28) ** 2 + ((y - 0.48) / 0.27) ** 2))
    tissue = np.clip(0.16 + 0.05 * noise + gland * (0.16 + 0.1 * noise), 0.03, 1)
    breast: FloatArray = np.where(depth > 0, np.maximum(depth, 0) ** 0.25 * tissue, 0)
    if view == "MLO":  # the pectoral muscle, a triangle at the upper chest wall
        muscle = np.clip(8 * (1 - x / 0.42 - y / 0.62), 0, 1)
        breast = breast + 0.2 * muscle * (1 + 0.08 * noise)
    return breast


def breast_pixels(
    shape: tuple[int, int],
    *,
    chest_wall: str = "left",
    view: str = "CC",
    texture: int = 0,
    lesions: Sequence[tuple[float, float, float]] = (),
) -> NDArray[np.uint16]:
    """Return a breast as a reader sees it: air 0, dense tissue bright, at most 4095.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    chest_wall : {"left", "right"}
        Edge of the picture at which the chest wall is.
    view : {"CC", "MLO"}
        Projection: a mediolateral oblique one shows the pectoral muscle.
    texture : int
        Seed of the tissue, at least 0.
    lesions : sequence of (x, y, radius)
        Centres, in pixels from the left and from the top, and radii in pixels.

    Examples
    --------
    >>> picture = breast_pixels((64, 48), lesions=[(10, 32, 4)])
    >>> picture.dtype.name, int(picture[0, 47]), bool(picture[32, 10] > picture[20, 10])
    ('uint16', 0, True)
    """
    breast = _breast(shape, view, texture)
    if chest_wall == "right":
        breast = breast[:, ::-1]
    picture = WHITE * breast
    for x, y, radius in lesions:
        rows, columns = np.ogrid[: shape[0], : shape[1]]
        square = ((columns - x) ** 2 + (rows - y) ** 2) / max(radius, 1.0) ** 2
        picture = picture + 0.35 * WHITE * np.exp(-2 * square)
    return np.clip(np.rint(picture), 0, WHITE).astype(np.uint16)


def text_pixels(text: str, *, shape: tuple[int, int], size: int = 6) -> NDArray[np.uint8]:
    """Return a picture with digits in it, white on black; ``size`` is pixels per dot.

    Examples
    --------
    >>> int(text_pixels("8", shape=(40, 40)).max())
    255
    """
    glyphs = [_GLYPHS[character] for character in text]
    dots = np.zeros((7, 4 * len(text) + 1), dtype=np.uint8)
    for place, glyph in enumerate(glyphs):
        for row, bits in enumerate(glyph):
            for column in range(3):
                dots[row + 1, 4 * place + column + 1] = 255 * (bits >> (2 - column) & 1)
    large = np.kron(dots, np.ones((size, size), dtype=np.uint8))
    picture = np.zeros(shape, dtype=np.uint8)
    rows, columns = min(shape[0], large.shape[0]), min(shape[1], large.shape[1])
    picture[:rows, :columns] = large[:rows, :columns]
    return picture
