"""TinyTorch: a small PyTorch-like framework on NumPy, built by you, one module at a time.

Given, not an exercise. Names are looked up when they are first used, so a module that is unfinished
or broken never keeps another from being imported:

>>> import tinytorch
>>> tinytorch.Tensor.__module__
'tinytorch.tensor'

As in PyTorch, `tinytorch.tensor` is a function, though a file has that name too; that one is imported
from, as in `from tinytorch.tensor import matmul`.
"""

import sys
from importlib import import_module
from types import ModuleType

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


class Package(ModuleType):
    """A package whose `tensor` is the function, also after the file `tensor.py` was imported."""

    @property
    def tensor(self):
        return import_module("tinytorch.tensor").tensor

    @tensor.setter
    def tensor(self, module):
        """Each import of a file sets its name here; `from tinytorch.tensor import …` needs none."""


sys.modules[__name__].__class__ = Package


def __getattr__(name):
    if name not in HOME:
        raise AttributeError(f"module 'tinytorch' has no attribute {name!r}")
    return getattr(import_module(f"tinytorch.{HOME[name]}"), name)


def __dir__():
    return __all__
