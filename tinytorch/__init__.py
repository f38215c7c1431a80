"""TinyTorch: a small PyTorch-like framework on NumPy, built by you, one module at a time.

Given, not an exercise. Names are looked up when they are first used, so a module that is unfinished
or broken never keeps another from being imported:

>>> import tinytorch
>>> tinytorch.Tensor.__module__
'tinytorch.tensor'

As in PyTorch, `tinytorch.tensor([1.0])` makes a Tensor. The file of that name is a module like any
other (`import tinytorch.tensor as t`) that you can also call: see `CallableModule`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # true for type checkers; `typing` takes as long to import as Python to start
if TYPE_CHECKING:
    from typing import Any

EXPORTS = {
    "tensor": "Tensor tensor zeros ones full arange eye rand randn manual_seed cat stack where maximum",
    "activations": "relu sigmoid tanh gelu softmax ReLU Sigmoid Tanh GELU Softmax",
    "layers": "Module Parameter Linear Dropout Flatten Sequential",
    "losses": "log_softmax mse_loss cross_entropy binary_cross_entropy_with_logits"
    " MSELoss CrossEntropyLoss BCEWithLogitsLoss",
    "autograd": "backward grad no_grad unbroadcast",
    "optimizers": "Optimizer SGD Adam AdamW",
    "training": "Trainer CosineSchedule clip_grad_norm_ accuracy save_checkpoint load_checkpoint",
    "dataloader": "Dataset TensorDataset DataLoader random_split Compose Normalize"
    " RandomHorizontalFlip RandomCrop",
    "spatial": "conv2d max_pool2d avg_pool2d Conv2d MaxPool2d AvgPool2d BatchNorm2d",
    "tokenization": "CharTokenizer BPETokenizer",
    "embeddings": "Embedding PositionalEncoding",
    "attention": "scaled_dot_product_attention causal_mask MultiHeadAttention",
    "transformers": "LayerNorm MLP TransformerBlock GPT GPTConfig",
    "profiling": "Profiler count_parameters count_flops peak_memory latency",
    "quantization": "quantize dequantize QuantizedLinear quantize_model to_half GradScaler",
    "compression": "sparsity magnitude_prune structured_prune low_rank distillation_loss to_csr",
    "memoization": "KVCache cached_generate",
    "acceleration": "matmul_tiled conv2d_fast fused_gelu fused_linear_relu DynamicBatcher",
    "decoding": "fused_generate",
    "benchmarking": "benchmark compare BenchmarkResult SingleStream Offline pareto_frontier",
    "competition": "Submission validate score Leaderboard Server Monitor",
    "datasets": "TinyDigits TinyTalks MNIST CIFAR10",
}

GIVEN = {
    "creation": "tensor no_grad zeros ones full arange eye rand randn zeros_like ones_like full_like empty"
    " empty_like rand_like randn_like randint randperm normal bernoulli multinomial linspace from_numpy"
    " scalar_tensor is_tensor seed enable_grad inference_mode set_grad_enabled is_grad_enabled"
    " set_printoptions compile Generator FloatTensor DoubleTensor LongTensor IntTensor BoolTensor ByteTensor",
    "saving": "save load save_model load_model",
    "functions": "sum mean var std argmax argmin reshape permute transpose flatten squeeze unsqueeze"
    " exp log sqrt abs clip clamp numel is_floating_point detach add sub mul div pow neg matmul eq ne lt"
    " le gt ge sin cos tan log2 log10 log1p expm1 erf sign floor ceil round maximum minimum remainder"
    " floor_divide cat stack bitwise_and bitwise_or bitwise_xor subtract multiply divide true_divide"
    " negative absolute greater less concat concatenate as_tensor t clone ravel unflatten movedim"
    " swapaxes swapdims broadcast_to tile repeat_interleave flip roll chunk split unbind narrow select"
    " diagonal diag tril triu gather index_select take_along_dim masked_select masked_fill where nonzero"
    " unique bincount sort argsort topk max min amax amin aminmax all any count_nonzero prod cumsum"
    " var_mean norm median logsumexp softmax log_softmax clamp_min clamp_max square reciprocal rsqrt"
    " lerp isnan isinf isfinite logical_and logical_or logical_xor logical_not isclose allclose equal mm"
    " bmm mv dot outer addmm trace cdist einsum meshgrid vstack hstack moveaxis ger",
    "dtypes": "float16 float32 float64 int8 int16 int32 int64 uint8 half double short long bool float int"
    " finfo iinfo dtype inf nan pi e",
}
"""What PyTorch's users expect in addition, in given files. Not in ``__all__``: many of these names are those
of Python's own functions."""

NAMESPACES = ("cuda", "linalg", "nn", "optim", "utils", "autograd")

HOME = {name: module for module, names in EXPORTS.items() for name in names.split()}
GIVEN_HOME = {name: module for module, names in GIVEN.items() for name in names.split()}

__all__ = sorted(HOME)


class CallableModule(ModuleType):
    """The class of the module `tinytorch.tensor`: calling the module calls its function `tensor`."""

    def __call__(self, *args: Any, device: Any = None, **kwargs: Any) -> Any:
        return import_module("tinytorch.creation").tensor(*args, device=device, **kwargs)


def __getattr__(name: str) -> Any:
    if name in NAMESPACES:
        return import_module(f"tinytorch.{name}")
    if name == "device":
        return import_module("tinytorch.conveniences").Device
    if name == "__version__":
        return import_module("importlib.metadata").version("pytest-tinytorch")
    if name == "tensor":  # the module, which can be called
        return import_module("tinytorch.tensor")
    home = GIVEN_HOME.get(name) or HOME.get(name)
    if home is None:
        raise import_module("tinytorch.instead").no_such_name("tinytorch", name, __dir__())
    found = getattr(import_module(f"tinytorch.{home}"), name)
    return import_module("tinytorch.signatures").spelled(found) if home == "functions" else found


def __dir__() -> list[str]:
    return sorted({*__all__, *GIVEN_HOME, *NAMESPACES, "device"})
