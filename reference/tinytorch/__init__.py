"""TinyTorch: a small PyTorch-like framework on NumPy, built by you, one module at a time.

Given, not an exercise. Names are looked up when they are first used, so a module that is unfinished
or broken never keeps another from being imported:

>>> import tinytorch
>>> tinytorch.Tensor.__module__
'tinytorch.tensor'

As in PyTorch, `tinytorch.tensor([1.0])` makes a Tensor. The file of that name is a module like any
other (`import tinytorch.tensor as t`), and can be called besides: see `CallableModule`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
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
    "benchmarking": "benchmark compare BenchmarkResult SingleStream Offline pareto_frontier",
    "competition": "Submission validate score Leaderboard Server Monitor",
    "datasets": "TinyDigits TinyTalks MNIST CIFAR10",
}

HOME = {name: module for module, names in EXPORTS.items() for name in names.split()}

__all__ = sorted(HOME)


class CallableModule(ModuleType):
    """The class of the module `tinytorch.tensor`: to call it is to call its function `tensor`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.tensor(*args, **kwargs)


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f"module 'tinytorch' has no attribute {name!r}")
    module = import_module(f"tinytorch.{HOME[name]}")
    return module if name == HOME[name] else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
