"""02 · activations: the exercises, written from docstrings by someone who had not seen the worked solution."""


def relu(x: Array) -> Array:
    out = np.array(x)
    out[out < 0] = 0
    return out


def sigmoid(x: Array) -> Array:
    check_floating(x, "x")
    small = np.exp(-np.abs(x))
    upper = 1 / (1 + small)
    out = np.array(upper, dtype=x.dtype)
    np.copyto(out, small * upper, where=x < 0)
    return out


def tanh(x: Array) -> Array:
    check_floating(x, "x")
    # tanh x = (1 - q) / (1 + q) with q = exp(-2|x|), and its sign; expm1 keeps the digits of small x.
    less = np.expm1(-2 * np.abs(x))
    return np.copysign(-less / (2 + less), x)


def gelu(x: Array, *, approximate: str = "none") -> Array:
    check_floating(x, "x")
    if approximate == "none":
        return (x * normal_cdf(x)).astype(x.dtype)
    if approximate != "tanh":
        raise ValueError(f"approximate is 'none' or 'tanh', not {approximate!r}")
    u = SQRT_2_OVER_PI * x * (1 + GELU_CUBIC * (x * x))
    return x * (0.5 + 0.5 * np.tanh(u))


def softmax(x: Array, *, dim: int = -1) -> Array:
    check_floating(x, "x")
    if not -x.ndim <= dim < x.ndim:
        raise IndexError(f"there is no dim {dim} in shape {x.shape}")
    rows = np.moveaxis(x, dim, 0)
    powers = np.exp(rows - np.maximum.reduce(rows, axis=0, initial=-np.inf))
    return np.moveaxis(powers / np.add.reduce(powers, axis=0), 0, dim)


class ReLU:
    def forward(self, x: Tensor) -> Tensor:
        return relu(x)


class Sigmoid:
    def forward(self, x: Tensor) -> Tensor:
        return sigmoid(x)


class Tanh:
    def forward(self, x: Tensor) -> Tensor:
        return tanh(x)


class GELU:
    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return gelu(x, approximate=self.approximate)


class Softmax:
    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return softmax(x, dim=self.dim)
