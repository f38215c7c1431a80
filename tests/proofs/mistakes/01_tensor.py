"""Wrong ways to write 01 tensor."""

from tests.proofs.mistakes.catalogue import Mistake

MISTAKES = (
    Mistake(
        "every float becomes float32, arrays too",
        of="as_array",
        replace="dtype is None and not keeps_dtype and array.dtype == np.float64",
        by="dtype is None and array.dtype == np.float64",
        turns_red="TestMakingTensors",
        says="float64",
    ),
    Mistake(
        "Python floats stay float64",
        of="as_array",
        replace="dtype = DEFAULT_DTYPE",
        by="dtype = np.float64",
        turns_red="TestMakingTensors",
        says="float32",
    ),
    Mistake(
        "wrapping copies the array",
        of="Tensor.__init__",
        replace="self.data = array",
        by="self.data = array.copy()",
        turns_red="TestMakingTensors",
        says="a copy",
    ),
    Mistake(
        "tensor shares memory with the array it is given",
        of="tensor",
        replace="Tensor(np.array(as_array(data, dtype)), requires_grad)",
        by="Tensor(as_array(data, dtype), requires_grad)",
        turns_red="TestMakingTensors",
        says="memory",
    ),
    Mistake(
        "tensor converts by way of float32",
        of="tensor",
        replace="np.array(as_array(data, dtype))",
        by="np.array(as_array(data), dtype)",
        turns_red="TestMakingTensors",
        says="0.1",
    ),
    Mistake(
        "addition in place",
        of="add",
        replace="return x + y",
        by="""
            if np.ndim(x) > 0 and np.shape(x) == np.shape(y) and x.dtype == y.dtype:
                x += y
                return x
            return x + y
        """,
        turns_red="TestArithmetic",
        says="an input changed",
    ),
    Mistake(
        "element by element instead of the matrix product",
        of="matmul",
        replace="return x @ y",
        by="return x * y",
        turns_red="TestMatmul",
        says="shape",
    ),
    Mistake(
        "np.dot, which treats stacks of matrices otherwise",
        of="matmul",
        replace="return x @ y",
        by="return np.asarray(np.dot(x, y))",
        turns_red="TestMatmul",
        says="shape",
    ),
    Mistake(
        "a limit of zero taken for no limit",
        of="clip",
        replace="return np.clip(x, min, max)",
        by="return np.clip(x, min or None, max or None)",
        turns_red="TestElementwise",
        says="clip",
    ),
    Mistake(
        "where the wrong way round",
        of="where",
        replace="np.where(condition, x, y)",
        by="np.where(condition, y, x)",
        turns_red="TestElementwise",
        says="expected",
    ),
    Mistake(
        "sum forgets keepdim",
        of="sum",
        replace="sum_along(x, axis=dim, keepdims=keepdim)",
        by="sum_along(x, axis=dim)",
        turns_red="TestReductions",
        says="shape",
    ),
    Mistake(
        "reshape leaves another size to NumPy's message",
        of="reshape",
        replace='raise ValueError(f"cannot reshape {x.shape} to {shape}") from None',
        by="raise",
        turns_red="TestShapes",
        says="it should mention 2 3",
    ),
    Mistake(
        "min by minus for integers too, which wraps around",
        of="min",
        replace='neg if x.dtype.kind == "f" else invert',
        by='neg if x.dtype.kind != "b" else invert',
        turns_red="TestReductions",
        says="min",
    ),
    Mistake(
        "mean divides by the size of all",
        of="mean",
        replace="count(x.shape, dim)",
        by="count(x.shape, None)",
        turns_red="TestReductions",
        says="mean",
    ),
    Mistake(
        "variance from the mean of squares",
        of="var",
        replace="squares = sum(centered * centered, dim=dim, keepdim=keepdim)",
        by="""
            n, total = count(x.shape, dim), sum(x, dim=dim, keepdim=keepdim)
            squares = sum(x * x, dim=dim, keepdim=keepdim) - total * total / (n or 1)
        """,
        turns_red="TestReductions",
        says="var",
    ),
    Mistake(
        "variance that ignores its correction",
        of="var",
        replace="count(x.shape, dim) - correction",
        by="count(x.shape, dim) - 1",
        turns_red="TestReductions",
        says="correction=0",
    ),
    Mistake(
        "the last of several largest",
        of="argmax",
        replace="return x.argmax(axis=dim, keepdims=keepdim)",
        by="""
            if dim is None:
                return x.size - 1 - x.reshape(-1)[::-1].argmax(keepdims=keepdim)
            return x.shape[dim] - 1 - np.flip(x, dim).argmax(axis=dim, keepdims=keepdim)
        """,
        turns_red="TestReductions",
        says="argmax",
    ),
    Mistake(
        "reshape in column order",
        of="reshape",
        replace="x.reshape(shape)",
        by='x.reshape(shape, order="F")',
        turns_red="TestShapes",
        says="reshape",
    ),
    Mistake(
        "permute the inverse way",
        of="permute",
        replace="x.transpose(dims)",
        by="x.transpose(np.argsort([d % x.ndim for d in dims]))",
        turns_red="TestShapes",
        says="permute",
    ),
    Mistake(
        "flatten leaves out the last axis",
        of="flatten",
        replace="(*shape[:start], joined, *shape[end + 1 :])",
        by="(*shape[:start], -1, *shape[end:])",
        turns_red="TestShapes",
        says="flatten",
    ),
    Mistake(
        "squeeze forgets that dim may be negative",
        of="squeeze",
        replace="(dim % x.ndim,)",
        by="(dim,)",
        turns_red="TestShapes",
        says="squeeze",
    ),
    Mistake(
        "unsqueeze counts from the end of the old shape",
        of="unsqueeze",
        replace="at = dim % places",
        by="at = dim if dim >= 0 else dim + x.ndim",
        turns_red="TestShapes",
        says="unsqueeze",
    ),
    Mistake(
        "expand copies",
        of="expand",
        replace="np.broadcast_to(x, [k if n == -1 else n for k, n in zip(kept, shape, strict=True)])",
        by="1 * np.broadcast_to(x, [k if n == -1 else n for k, n in zip(kept, shape, strict=True)])",
        turns_red="TestShapes",
        says="a copy",
    ),
    Mistake(
        "stack along an axis that is there already",
        of="stack",
        replace="return cat([unsqueeze(x, dim) for x in tensors], dim)",
        by="return cat(tensors, dim)",
        turns_red="TestIndexing",
        says="stack",
    ),
    Mistake(
        "joining always along the first axis",
        of="concatenate",
        replace="np.concatenate(arrays, axis=dim)",
        by="np.concatenate(arrays)",
        turns_red="TestIndexing",
        says="cat",
    ),
    Mistake(
        "manual_seed makes a generator and forgets it",
        of="manual_seed",
        replace="Randomness.generator = np.random.default_rng(seed)\nreturn Randomness.generator",
        by="return np.random.default_rng(seed)",
        turns_red="TestRandomness",
        says="expected",
    ),
    Mistake(
        "rand drawn in float64 and rounded",
        of="rand",
        replace="generator.random(unpack(shape), dtype=dtype)",
        by="generator.random(unpack(shape)).astype(dtype)",
        turns_red="TestRandomness",
        says="rand",
    ),
    Mistake(
        "rand ignores the generator it is given",
        of="rand",
        replace="default_generator() if generator is None else generator",
        by="default_generator()",
        turns_red="TestRandomness",
        says="expected",
    ),
    Mistake(
        "exp that makes float16 of small integers",
        of="exp",
        replace="np.exp(at_least_single(x))",
        by="np.exp(x)",
        turns_red="TestElementwise",
        says="float16",
    ),
    Mistake(
        "a tensor made of another keeps its history",
        of="Tensor.__init__",
        replace="self.grad_fn = None",
        by='self.grad_fn = getattr(data, "grad_fn", None)',
        turns_red="TestArithmetic",
        says="grad_fn",
    ),
    Mistake(
        "full that takes a NumPy scalar for Python's",
        of="full",
        replace="as_array(fill_value, dtype).dtype",
        by="as_array(np.asarray(fill_value).item(), dtype).dtype",
        turns_red="TestMakingTensors",
        says="dtype float64",
    ),
    Mistake(
        "arange that knows only Python's integers",
        of="arange",
        replace='values.dtype.kind == "f"',
        by="not all(isinstance(bound, int) for bound in bounds)",
        turns_red="TestMakingTensors",
        says="int64",
    ),
    Mistake(
        "clip that gives back what needs no clipping",
        of="clip",
        replace="return np.clip(x, min, max)",
        by="""
            limited = np.clip(x, min, max)
            return x if np.array_equal(limited, x) else limited
        """,
        turns_red="TestArithmetic",
        says="memory of its own",
    ),
    Mistake(
        "a sum of one value that is a view",
        of="sum",
        replace="return sum_along(x, axis=dim, keepdims=keepdim)",
        by="""
            total = sum_along(x, axis=dim, keepdims=keepdim)
            return x.reshape(total.shape) if total.size == x.size and x.dtype == total.dtype else total
        """,
        turns_red="TestReductions",
        says="memory of its own",
    ),
    Mistake(
        "a stack of integers whose product is floating",
        of="matmul",
        replace="(rows @ y)",
        by="(rows @ y.astype(np.result_type(y, np.float32)))",
        turns_red="TestMatmul",
        says="dtype int64",
    ),
    Mistake(
        "the index of the largest, counted as values lie in memory",
        of="argmax",
        replace="return x.argmax(axis=dim, keepdims=keepdim)",
        by="""
            if dim is None:
                return np.ravel(x, "K").argmax().reshape((1,) * (x.ndim * keepdim))
            return x.argmax(axis=dim, keepdims=keepdim)
        """,
        turns_red="TestReductions",
        says="argmax",
    ),
    Mistake(
        "reshape that reads values as they lie in memory",
        of="reshape",
        replace="x.reshape(shape)",
        by='x.reshape(shape, order="A")',
        turns_red="TestShapes",
        says="reshape",
    ),
    Mistake(
        "expand that can be written through",
        of="expand",
        replace="return np.broadcast_to(x, [k if n == -1 else n for k, n in zip(kept, shape, strict=True)])",
        by="""
            wide = np.broadcast_to(x, [k if n == -1 else n for k, n in zip(kept, shape, strict=True)])
            return np.lib.stride_tricks.as_strided(x, wide.shape, wide.strides)
        """,
        turns_red="TestShapes",
        says="read-only",
    ),
    Mistake(
        "joining in the dtype of the first",
        of="concatenate",
        replace="np.concatenate(arrays, axis=dim)",
        by="np.concatenate(arrays, axis=dim).astype(arrays[0].dtype)",
        turns_red="TestIndexing",
        says="dtype",
    ),
)
