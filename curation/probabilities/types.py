"""The arrays that the views on the labels share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Neighbours = tuple[Rows, Vectors]
"""Row numbers int64 [n, k] of the nearest other examples and their cosines float32 [n, k]."""
