"""PyTorch's names of dtypes: `tinytorch.float32` is NumPy's dtype of that name.

Given, not an exercise. They compare equal to NumPy's types and to a tensor's ``dtype``:

>>> float32 == np.float32 == np.ones(1, "float32").dtype, long
(True, dtype('int64'))
"""

import math

import numpy as np

float16 = np.dtype("float16")
float32 = np.dtype("float32")
float64 = np.dtype("float64")
int8 = np.dtype("int8")
int16 = np.dtype("int16")
int32 = np.dtype("int32")
int64 = np.dtype("int64")
uint8 = np.dtype("uint8")
half, double, short, long = float16, float64, int16, int64
bool = np.dtype("bool")
float, int = float32, int32

dtype = np.dtype
inf, nan, pi, e = math.inf, math.nan, math.pi, math.e
finfo, iinfo = np.finfo, np.iinfo
