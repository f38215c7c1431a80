"""03 · layers: the exercises, written from docstrings by someone who had not seen the worked solution."""

from tinytorch.tensor import DEFAULT_DTYPE, Tensor, default_generator, flatten, where


class Module:
    def named_children(self) -> Iterator[tuple[str, Module]]:
        for name in vars(self):
            part = vars(self)[name]
            if isinstance(part, Module):
                yield name, part

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        met: set[int] = set()
        waiting: list[tuple[str, Module]] = [(prefix, self)]
        while waiting:
            name, module = waiting.pop()
            if id(module) in met:
                continue
            met.add(id(module))
            yield name, module
            parts = [
                (f"{name}.{own}" if name else own, part) for own, part in module.named_children()
            ]
            waiting += reversed(parts)

    def named_tensors(self, kind: type[Tensor]) -> Iterator[tuple[str, Any]]:
        met: set[int] = set()

        def visit(module: Module, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
            met.add(id(module))
            for name, value in vars(module).items():
                if isinstance(value, kind) and id(value) not in met:
                    met.add(id(value))
                    yield ".".join((*path, name)), value
            for name, part in module.named_children():
                if id(part) not in met:
                    yield from visit(part, (*path, name))

        yield from visit(self, ())

    def train(self, mode: bool = True) -> Self:
        self.training = mode
        for part in self.children():
            part.train(mode)
        return self

    def zero_grad(self) -> None:
        for _, parameter in self.named_parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, Array]:
        found = {name: buffer.data.copy() for name, buffer in self.named_buffers()}
        return {name: p.data.copy() for name, p in self.named_parameters()} | found

    def load_state_dict(
        self, state_dict: Mapping[str, Tensor | Array], strict: bool = True
    ) -> None:
        state = state_dict
        mine = dict(self.named_parameters())
        mine.update(self.named_buffers())
        if strict and mine.keys() != state.keys():
            lacking = [name for name in mine if name not in state]
            foreign = [name for name in state if name not in mine]
            raise KeyError(
                f"the state lacks {lacking} and has {foreign}, which nobody here is called"
            )
        ready = []
        for name, tensor in mine.items():
            if name not in state:
                continue
            value = state[name]
            value = np.array(value.data if isinstance(value, Tensor) else value, dtype=tensor.dtype)
            if value.shape != tensor.shape:
                raise ValueError(
                    f"{name} is of shape {tensor.shape}, the state has {value.shape} for it"
                )
            ready.append((tensor, value))
        for tensor, value in ready:
            tensor.data[...] = value


class Linear:
    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        for name, size in (("in_features", in_features), ("out_features", out_features)):
            if size < 1:
                raise ValueError(f"{name} counts features, so {size} is too few")
        self.in_features, self.out_features = in_features, out_features
        source = default_generator() if generator is None else generator
        reach = in_features**-0.5

        def draw(*shape: int) -> Parameter:
            return Parameter(((2 * source.random(shape) - 1) * reach).astype(dtype))

        self.weight = draw(out_features, in_features)
        self.bias = draw(out_features) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        check_floating(x, "x")
        if x.shape[-1:] != (self.in_features,):
            raise ValueError(f"x of shape {x.shape} should end in in_features = {self.in_features}")
        out = x @ self.weight.T
        return out if self.bias is None else out + self.bias


class Dropout:
    def __init__(self, p: float = 0.5, *, generator: np.random.Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is a probability, {p} is none")
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        check_floating(x, "x")
        if not self.training:
            return x
        source = default_generator() if self.generator is None else self.generator
        kept = source.random(x.shape) >= self.p
        return where(kept, x / ((1 - self.p) or 1), 0.0)


class Flatten:
    def forward(self, x: Tensor) -> Tensor:
        return flatten(x, self.start_dim, self.end_dim)


class Sequential:
    def __init__(self, *modules: Callable[[Tensor], Tensor]) -> None:
        for position, module in enumerate(modules):
            if not callable(module):
                raise TypeError(
                    f"number {position} cannot be called, it is a {type(module).__name__}"
                )
        for position, module in enumerate(modules):
            setattr(self, f"{position}", module)

    def forward(self, x: Tensor) -> Tensor:
        for module in self:
            x = module(x)
        return x
