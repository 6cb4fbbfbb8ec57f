"""The types of arrays in signatures."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
IndexArray = NDArray[np.intp]
ObjectArray = NDArray[np.object_]
DayArray = NDArray[np.datetime64]
