"""03 · Layers: modules with parameters, and how they are put together."""

import numpy as np

from tinytorch.tensor import Tensor, default_generator, flatten


class Parameter(Tensor):
    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad)


class Module:
    training = True

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def children(self):
        return [v for v in vars(self).values() if isinstance(v, Module)]

    def modules(self):
        yield self
        for child in self.children():
            yield from child.modules()

    def named_parameters(self, prefix=""):
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield prefix + name, value
            elif isinstance(value, Module):
                yield from value.named_parameters(f"{prefix}{name}.")

    def parameters(self):
        return [p for _, p in self.named_parameters()]

    def train(self, mode=True):
        for m in self.modules():
            m.training = mode
        return self

    def eval(self):
        return self.train(False)

    def zero_grad(self):
        for p in self.parameters():
            p.grad = None

    def state_dict(self):
        return {name: p.data.copy() for name, p in self.named_parameters()}

    def load_state_dict(self, state, strict=True):
        for name, p in self.named_parameters():
            p.data[...] = state[name]


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True, generator=None):
        g = generator or default_generator()
        bound = 1 / np.sqrt(in_features)
        self.weight = Parameter(g.uniform(-bound, bound, (out_features, in_features)).astype("f"))
        self.bias = Parameter(g.uniform(-bound, bound, out_features).astype("f")) if bias else None

    def forward(self, x):
        out = x @ self.weight.T
        return out if self.bias is None else out + self.bias


class Dropout(Module):
    def __init__(self, p=0.5, generator=None):
        self.p, self.generator = p, generator

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = (self.generator or default_generator()).random(x.shape) >= self.p
        return x * (keep / (1 - self.p)).astype(x.dtype)


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        return flatten(x, self.start_dim, self.end_dim)


class Sequential(Module):
    def __init__(self, *modules):
        for i, m in enumerate(modules):
            setattr(self, str(i), m)
        self.length = len(modules)

    def forward(self, x):
        for i in range(self.length):
            x = getattr(self, str(i))(x)
        return x
