"""Wrong ways to write 18 acceleration."""

from tests.proofs.mistakes.catalogue import Mistake

MISTAKES = (
    Mistake(
        "indices of y the wrong way round",
        of="matmul_loops",
        replace="y[k, j]",
        by="y[j, k]",
        turns_red="TestProducts",
        says="matmul_loops",
    ),
    Mistake(
        "the result has the dtype of x",
        of="matmul_loops",
        replace="np.result_type(x, y)",
        by="x.dtype",
        turns_red="TestProducts",
        says="dtype",
    ),
    Mistake(
        "vectors in name only: the loops are still there",
        of="matmul_outer",
        replace="out += x[:, k, None] * y[k]",
        by="""
            for i in range(len(x)):
                for j in range(y.shape[1]):
                    out[i, j] += x[i, k] * y[k, j]
        """,
        turns_red="TestProducts",
        says="at least 10 times",
    ),
    Mistake(
        "inner products of the wrong vectors",
        of="matmul_outer",
        replace="x[:, k, None] * y[k]",
        by="x[k] * y[:, k]",
        turns_red="TestProducts",
    ),
    Mistake(
        "tiles at the edge are left out",
        of="matmul_tiled",
        replace="range(0, size, tile)",
        by="range(0, size - tile + 1, tile)",
        turns_red="TestTiles",
        says="matmul_tiled",
    ),
    Mistake(
        "a tile that is overwritten instead of summed",
        of="matmul_tiled",
        replace="part += x[rows, inner] @ y[inner, columns]",
        by="part[...] = x[rows, inner] @ y[inner, columns]",
        turns_red="TestTiles",
        says="matmul_tiled",
    ),
    Mistake(
        "one large product, whatever the tile",
        of="matmul_tiled",
        replace="for rows in cuts(n):",
        by="return x @ y\nfor rows in cuts(n):",
        turns_red="TestTiles",
        says="27",
    ),
    Mistake(
        "strips as long as the matrix",
        of="matmul_tiled",
        replace="for inner in cuts(k):",
        by="for inner in [slice(None)]:",
        turns_red="TestTiles",
    ),
    Mistake(
        "a tile that may be true",
        of="check_size",
        replace="not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1",
        by="not isinstance(size, (int, np.integer)) or size < 1",
        turns_red="TestTiles",
        says="tile",
    ),
    Mistake(
        "tiles rounded down",
        of="memory_traffic",
        replace="-(-n // tile), -(-m // tile)",
        by="max(1, n // tile), max(1, m // tile)",
        turns_red="TestTraffic",
        says="memory_traffic",
    ),
    Mistake(
        "rows and columns of tiles confused",
        of="memory_traffic",
        replace="n * k * columns + k * m * rows",
        by="n * k * rows + k * m * columns",
        turns_red="TestTraffic",
        says="memory_traffic",
    ),
    Mistake(
        "the result is not counted",
        of="memory_traffic",
        replace="n * k * columns + k * m * rows + n * m",
        by="n * k * columns + k * m * rows",
        turns_red="TestTraffic",
        says="memory_traffic",
    ),
    Mistake(
        "a Python loop over all places",
        of="conv2d_fast",
        replace="np.matmul(rows, kernels, out=block)",
        by="""
            for place, row in enumerate(rows):
                for o in range(len(weight)):
                    block[place, o] = sum(row[i] * kernels[i, o] for i in range(len(row)))
        """,
        turns_red="TestConvolution",
        says="at least 10 times",
    ),
    Mistake(
        "relu without being asked",
        of="conv2d_fast",
        replace="if relu:",
        by="if True:",
        turns_red="TestConvolution",
        says="conv2d_fast",
    ),
    Mistake(
        "relu before the bias",
        of="conv2d_fast",
        replace="""
            if bias is not None:
                block += bias
            if relu:
                np.maximum(block, 0, out=block)
        """,
        by="""
            if relu:
                np.maximum(block, 0, out=block)
            if bias is not None:
                block += bias
        """,
        turns_red="TestConvolution",
        says="conv2d_fast",
    ),
    Mistake(
        "bias and relu as arrays of their own",
        of="conv2d_fast",
        replace="return out.transpose(0, 3, 1, 2)",
        by="out = out + 0\nreturn out.transpose(0, 3, 1, 2)",
        turns_red="TestConvolution",
        says="bytes",
    ),
    Mistake(
        "the windows of all images at once",
        of="conv2d_fast",
        replace="for images, rows in patches(seen):",
        by="for images, rows in [(slice(None), seen.reshape(-1, kernels.shape[0]))]:",
        turns_red="TestConvolution",
        says="bytes",
    ),
    Mistake(
        "a gradient that ignores relu",
        of="let",
        replace="g * (ans > 0) if relu else g",
        by="g",
        turns_red="TestConvolution",
        says="⟨u, Jv⟩",
    ),
    Mistake(
        "a bias that is not checked",
        of="conv2d_fast",
        replace="if bias is not None and bias.shape != weight.shape[:1]:",
        by="if False:",
        turns_red="TestConvolution",
        says="bias",
    ),
    Mistake(
        "three arrays instead of one",
        of="fused_linear_relu",
        replace="out += bias\nnp.maximum(out, 0, out=out)",
        by="out = np.maximum(out + bias, 0)",
        turns_red="TestFusion",
        says="bytes",
    ),
    Mistake(
        "the leading shape is lost",
        of="fused_linear_relu",
        replace="out.reshape(*x.shape[:-1], len(weight))",
        by="out",
        turns_red="TestFusion",
        says="shape",
    ),
    Mistake(
        "the weight's gradient transposed",
        of="linear_relu_weight",
        replace="through.T @ x.reshape(-1, x.shape[-1])",
        by="(x.reshape(-1, x.shape[-1]).T @ through).reshape(len(weight), -1)",
        turns_red="TestFusion",
        says="fused_linear_relu",
    ),
    Mistake(
        "gelu in one block: a step at a time over everything",
        of="fused_gelu",
        replace="out = np.empty(x.shape, x.dtype)",
        by="""
            if approximate == "none":
                return x * normal_cdf(x)
            return 0.5 * x * (1 + np.tanh(SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x)))
            out = np.empty(x.shape, x.dtype)
        """,
        turns_red="TestFusion",
    ),
    Mistake(
        "blocks so small that calls take longer than they do",
        of="fused_gelu",
        replace="for start in range(0, flat.size, BLOCK):",
        by="BLOCK = 64\nfor start in range(0, flat.size, BLOCK):",
        turns_red="TestFusion",
        says="at least 1.2 times",
    ),
    Mistake(
        "the last block left out",
        of="fused_gelu",
        replace="for start in range(0, flat.size, BLOCK):",
        by="for start in range(0, max(1, flat.size - 1), BLOCK):",
        turns_red="TestFusion",
        says="fused_gelu",
    ),
    Mistake(
        "the input is overwritten",
        of="fused_gelu",
        replace="out = np.empty(x.shape, x.dtype)",
        by="out = x",
        turns_red="TestFusion",
    ),
    Mistake(
        "who came last decides",
        of="DynamicBatcher.deadline",
        replace="return self.waiting[0][0] + self.max_wait",
        by="return self.waiting[-1][0] + self.max_wait",
        turns_red="TestBatches",
        says="take",
    ),
    Mistake(
        "a full batch waits all the same",
        of="DynamicBatcher.deadline",
        replace="if len(self.waiting) >= self.max_batch_size:",
        by="if False:",
        turns_red="TestBatches",
        says="take",
    ),
    Mistake(
        "the last one in leaves first",
        of="DynamicBatcher.flush",
        replace="self.waiting.popleft()",
        by="self.waiting.pop()",
        turns_red="TestBatches",
    ),
    Mistake(
        "batches larger than the largest",
        of="DynamicBatcher.flush",
        replace="count = min(len(self.waiting), self.max_batch_size)",
        by="count = len(self.waiting)",
        turns_red="TestBatches",
    ),
    Mistake(
        "a moment too late",
        of="DynamicBatcher.take",
        replace="self.now() < self.deadline",
        by="self.now() <= self.deadline",
        turns_red="TestBatches",
        says="take",
    ),
    Mistake(
        "a clock that may go backwards",
        of="DynamicBatcher.now",
        replace="if time < self.latest:",
        by="if False:",
        turns_red="TestBatches",
        says="clock",
    ),
    Mistake(
        "a wait that is not a number",
        of="DynamicBatcher.__init__",
        replace="np.isfinite(max_wait) and max_wait >= 0",
        by="max_wait >= 0",
        turns_red="TestBatches",
        says="max_wait",
    ),
)
