"""What PyTorch has and this framework does not have, and what to write instead.

Given, not an exercise. There is a table for each place where a name may be looked up. For a name that is in
no table, the error suggests the nearest names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any, NoReturn

ONLY_CPU = "use the CPU: leave the line out, or write device='cpu'"
NO_SPARSE = "use dense tensors, or tinytorch.to_csr for a matrix of weights"
WRITE_MODULE = "write it as a Module"

NEITHER = {
    "fliplr": "use x.flip(1)",
    "flipud": "use x.flip(0)",
    "trunc": "use x.sign() * x.abs().floor()",
    "frac": "use x - x.sign() * x.abs().floor()",
    "fmod": "use x - y * (x / y).sign() * (x / y).abs().floor()",
    "logit": "use (x / (1 - x)).log()",
    "nansum": "use x[~x.isnan()].sum()",
    "nanmean": "use x[~x.isnan()].mean()",
    "nan_to_num": "use x.where(~x.isnan(), 0.0)",
    "cummax": "use numpy.maximum.accumulate on x.detach().numpy()",
    "cummin": "use numpy.minimum.accumulate on x.detach().numpy()",
    "diff": "use x[1:] - x[:-1]",
    "inner": "use x @ y.T",
    "take": "use x.reshape(-1)[index]",
}
"""Names that neither a tensor has nor the package."""

INSTEAD = {
    "Tensor": {
        **NEITHER,
        "retain_grad": "use tinytorch.grad(output, [x]), which gives the gradient of any tensor",
        "register_hook": "use tinytorch.grad(output, [x]), and change what it gives",
        "bfloat16": "use x.float(), or x.half()",
        "bernoulli_": "use tinytorch.rand(x.shape) < p",
        "random_": "use tinytorch.randint(low, high, x.shape)",
        "scatter_add_": "use numpy.add.at(x.data, index, values)",
        "scatter_add": "use numpy.add.at(y.data, index, values) with y = x.clone()",
        "index_fill_": "use x[index] = value",
        "index_copy_": "use x[index] = values",
        "index_add_": "use numpy.add.at(x.data, index, values)",
        "squeeze_": "use x = x.squeeze()",
        "unsqueeze_": "use x = x.unsqueeze(dim)",
        "transpose_": "use x = x.transpose(dim0, dim1)",
        "t_": "use x = x.T",
        "resize_": "use x = x.reshape(shape)",
        "data_ptr": "use x.data.ctypes.data",
        "storage": "use x.data, an ndarray",
        "unfold": "use numpy.lib.stride_tricks.sliding_window_view on x.data",
        "as_strided": "use numpy.lib.stride_tricks.as_strided on x.data",
        "cumprod": "use x.log().cumsum(dim).exp() for positive values",
        "kthvalue": "use x.sort(dim), and then its values at k - 1",
        "quantile": "use numpy.quantile on x.detach().numpy()",
        "bernoulli": "use (tinytorch.rand(x.shape) < x).float()",
        "multinomial": "use tinytorch.multinomial(x, num_samples)",
        "inverse": "use numpy.linalg.inv on x.detach().numpy()",
        "det": "use numpy.linalg.det on x.detach().numpy()",
        "svd": "use numpy.linalg.svd on x.detach().numpy()",
        "share_memory_": "use one process: nothing here runs on several",
        "index_put_": "use x[indices] = values",
        "index_add": "use numpy.add.at(y.data, index, values) with y = x.clone()",
        "exponential_": "use numpy.random.default_rng().exponential(size=x.shape)",
        "storage_offset": "use x.data, an ndarray",
        "untyped_storage": "use x.data, an ndarray",
    },
    "Module": {
        "half": "use tinytorch.to_half(model), which keeps float32 parameters for training",
        "register_forward_hook": "write a subclass whose forward does it, or use Profiler",
        "register_forward_pre_hook": "write a subclass whose forward does it",
        "register_full_backward_hook": "use tinytorch.grad(output, inputs)",
        "compile": "use the model as it is: there is nothing to compile",
        "share_memory": "use one process: nothing here runs on several",
    },
    "tinytorch": {
        **NEITHER,
        "Size": "use tuple: a shape is one",
        "bfloat16": "use tinytorch.float32, or tinytorch.float16 through to_half",
        "complex64": "use two float tensors, for the real and the imaginary part",
        "complex128": "use two float tensors, for the real and the imaginary part",
        "jit": "use the model as it is: there is nothing to compile",
        "distributed": "use one process: nothing here runs on several",
        "multiprocessing": "use one process: nothing here runs on several",
        "backends": "use the CPU through NumPy: there is no backend to choose",
        "mps": ONLY_CPU,
        "xpu": ONLY_CPU,
        "amp": "use tinytorch.to_half(model) and tinytorch.GradScaler(optimizer)",
        "autocast": "use tinytorch.to_half(model) and tinytorch.GradScaler(optimizer)",
        "set_default_dtype": "use dtype=tinytorch.float64 where a tensor is made",
        "set_default_device": ONLY_CPU,
        "use_deterministic_algorithms": "use it as it is: every result here is the same each time",
        "sparse": NO_SPARSE,
        "sparse_coo_tensor": NO_SPARSE,
        "fft": "use numpy.fft on tensor.detach().numpy()",
        "quantile": "use numpy.quantile on tensor.detach().numpy()",
        "histc": "use numpy.histogram on tensor.detach().numpy()",
        "vmap": "use an axis for the batch, in front",
        "func": "use tinytorch.grad(output, inputs)",
        "hub": "use tinytorch.load(path) with a file in the format safetensors",
        "autograd.Function": "write a function under @primitive, and its gradient with defvjp",
        "distributions": "use tinytorch.normal, bernoulli or multinomial, and write log_prob by its formula",
        "complex": "use two float tensors, for the real and the imaginary part",
        "profiler": "use tinytorch.Profiler",
        "random": "use tinytorch.manual_seed, and generator= where numbers are drawn",
        "get_rng_state": "use a Generator of your own: generator.bit_generator.state",
        "initial_seed": "use the seed that you gave to manual_seed",
        "get_default_dtype": "use tinytorch.float32: it is always that",
        "logspace": "use 10 ** tinytorch.linspace(start, end, steps)",
        "randint_like": "use tinytorch.randint(low, high, x.shape)",
        "exp2": "use 2 ** x",
        "sinh": "use (x.exp() - (-x).exp()) / 2",
        "cosh": "use (x.exp() + (-x).exp()) / 2",
        "std_mean": "use x.std() and x.mean()",
        "argwhere": "use x.nonzero()",
        "baddbmm": "use input + batch1 @ batch2",
        "addcmul": "use input + value * tensor1 * tensor2",
        "addcdiv": "use input + value * tensor1 / tensor2",
        "tensordot": "use einsum, or reshape and @",
        "dist": "use (x - y).norm()",
        "scatter": "use x.scatter(dim, index, src)",
        "broadcast_tensors": "use x.expand(shape) for each",
        "tensor_split": "use split, with the lengths of the parts",
        "cartesian_prod": "use meshgrid, and stack",
        "logaddexp": "use logsumexp of stack([x, y])",
        "logcumsumexp": "use x.exp().cumsum(dim).log()",
        "diag_embed": "use x.unsqueeze(-1) * eye(n)",
        "dstack": "use stack(tensors, 2)",
        "column_stack": "use stack(tensors, 1) of vectors, or cat(tensors, 1)",
        "atleast_1d": "use x.reshape(-1)",
        "atleast_2d": "use x.unsqueeze(0)",
        "inverse": "use numpy.linalg.inv on x.detach().numpy()",
        "det": "use numpy.linalg.det on x.detach().numpy()",
        "svd": "use numpy.linalg.svd on x.detach().numpy()",
        "bucketize": "use numpy.digitize on x.detach().numpy()",
        "cumprod": "use x.log().cumsum(dim).exp() for positive values",
        **{
            name: f"use numpy.{there} on x.detach().numpy()"
            for name, there in (
                *(("atan2", "arctan2"), ("asin", "arcsin"), ("acos", "arccos"), ("atan", "arctan")),
                *((name, name) for name in ("cov", "corrcoef", "cross", "hypot", "kron", "rot90")),
                *((name, name) for name in ("copysign", "isin", "nanmedian", "searchsorted")),
            )
        },
        "tril_indices": "use numpy.tril_indices(n)",
        "triu_indices": "use numpy.triu_indices(n)",
        "result_type": "use numpy.result_type, with dtypes",
        "promote_types": "use numpy.promote_types",
        "can_cast": "use numpy.can_cast, with dtypes",
        "block_diag": "use zeros, and write each block into its place",
    },
    "tinytorch.nn": {
        "Conv1d": "use nn.Conv2d on x.unsqueeze(2), with kernels of height 1",
        "Conv3d": "use nn.Conv2d for each slice",
        "ConvTranspose2d": "use nn.Upsample, and then nn.Conv2d",
        "GRU": f"{WRITE_MODULE} with two nn.Linear and a loop over time",
        "GroupNorm": "use nn.BatchNorm2d or nn.LayerNorm",
        "InstanceNorm2d": "use nn.BatchNorm2d or nn.LayerNorm",
        "LSTM": f"{WRITE_MODULE} with two nn.Linear and a loop over time",
        "RNN": f"{WRITE_MODULE} with two nn.Linear and a loop over time",
        "RNNCell": f"{WRITE_MODULE} with two nn.Linear",
        "LSTMCell": f"{WRITE_MODULE} with two nn.Linear",
        "Transformer": "use nn.TransformerBlock, or GPT for a whole model",
        "TransformerEncoderLayer": "use nn.TransformerBlock(embed_dim, num_heads)",
        "TransformerEncoder": "use nn.Sequential of nn.TransformerBlock",
        "TransformerDecoderLayer": "use nn.TransformerBlock with a causal mask",
        "PixelShuffle": "use reshape and permute",
        "EmbeddingBag": "use nn.Embedding and .mean(1)",
        "Bilinear": f"{WRITE_MODULE} with one nn.Parameter and @",
        "CTCLoss": "use nn.CrossEntropyLoss with a target for each step",
        "TripletMarginLoss": "write it with relu and norm: relu((a - p).norm(2, 1) - (a - n).norm(2, 1) + 1)",
        "CosineSimilarity": "use F.cosine_similarity",
        "Softmax2d": "use nn.Softmax(dim=1)",
        "parallel": "use nn.DataParallel: nothing here runs on several processes",
        "Dropout1d": "use nn.Dropout",
        "Dropout2d": "use nn.Dropout",
        "MaxPool1d": "use nn.MaxPool2d on x.unsqueeze(2), with windows of height 1",
        "AvgPool1d": "use nn.AvgPool2d on x.unsqueeze(2), with windows of height 1",
        "AdaptiveMaxPool2d": "use x.amax((2, 3), keepdim=True) for an output of 1",
        "ReflectionPad2d": "use nn.ZeroPad2d, or numpy.pad before the model",
        "RMSNorm": f"{WRITE_MODULE}: x / (x * x).mean(-1, keepdim=True).add(eps).sqrt() * weight",
        "ParameterList": "use an attribute for each nn.Parameter",
        "ParameterDict": "use an attribute for each nn.Parameter",
        "PReLU": f"{WRITE_MODULE} with one nn.Parameter, relu(x) - weight * relu(-x)",
        "GLU": f"{WRITE_MODULE} that calls F.glu",
        "Hardtanh": f"{WRITE_MODULE} that calls F.hardtanh",
        "SELU": "use nn.ELU",
        "CELU": "use nn.ELU",
        "Mish": "use nn.SiLU",
        "Hardswish": "use nn.SiLU",
        "Hardsigmoid": "use nn.Sigmoid",
        "Softmin": "use nn.Softmax on -x",
        "MarginRankingLoss": "write it with relu: relu(-y * (x1 - x2) + margin).mean()",
        "HingeEmbeddingLoss": "write it with where and relu",
        "CosineEmbeddingLoss": "write it with F.cosine_similarity and relu",
        "GaussianNLLLoss": "write it: (var.log() + (x - y) ** 2 / var).mean() / 2",
        "PoissonNLLLoss": "write it: (x.exp() - y * x).mean()",
        "MultiMarginLoss": "use nn.CrossEntropyLoss",
    },
    "tinytorch.nn.utils": {
        "clip_grad_value_": "use p.grad[...] = p.grad.clip(-value, value) for each parameter",
        "parameters_to_vector": "use tinytorch.cat([p.detach().reshape(-1) for p in model.parameters()])",
        "vector_to_parameters": "use p.data[...] = part.reshape(p.shape) for each parameter",
        "weight_norm": f"{WRITE_MODULE} that divides its weight by weight.norm()",
        "spectral_norm": f"{WRITE_MODULE} that divides its weight by its largest singular value",
        "rnn": "use F.pad and tinytorch.stack for sequences of different lengths",
        "parametrize": "write it as a property of a Module",
    },
    "tinytorch.nn.functional": {
        "conv1d": "use F.conv2d on x.unsqueeze(2), with kernels of height 1",
        "conv_transpose2d": "use F.interpolate, and then F.conv2d",
        "grid_sample": "use NumPy before the model: images are not resampled here",
        "unfold": "use F.conv2d, which does it inside",
        "multi_head_attention_forward": "use nn.MultiHeadAttention(embed_dim, num_heads)",
        "ctc_loss": "use F.cross_entropy with a target for each step",
        "dropout2d": "use F.dropout",
        "group_norm": "use F.layer_norm",
        "gumbel_softmax": "use F.softmax",
        "relu_": "use F.relu(x, inplace=True)",
        "max_pool1d": "use F.max_pool2d on x.unsqueeze(2), with windows of height 1",
        "avg_pool1d": "use F.avg_pool2d on x.unsqueeze(2), with windows of height 1",
        "adaptive_max_pool2d": "use x.amax((2, 3), keepdim=True) for an output of 1",
        "pixel_shuffle": "use reshape and permute",
        "rms_norm": "use x / (x * x).mean(-1, keepdim=True).add(eps).sqrt() * weight",
        "prelu": "use F.relu(x) - weight * F.relu(-x)",
        "selu": "use F.elu",
        "celu": "use F.elu",
        "mish": "use x * F.softplus(x).tanh()",
        "hardswish": "use x * F.relu6(x + 3) / 6",
        "hardsigmoid": "use F.relu6(x + 3) / 6",
        "softsign": "use x / (1 + x.abs())",
        "softmin": "use F.softmax(-x, dim)",
        "tanhshrink": "use x - x.tanh()",
        "threshold": "use x.where(x > threshold, value)",
    },
    "tinytorch.nn.init": {
        "sparse_": "use normal_, and tinytorch.magnitude_prune afterwards",
        "dirac_": "use weight.data[...] of an ndarray made with NumPy",
    },
    "tinytorch.optim": {
        "Adagrad": "use optim.Adam",
        "Adadelta": "use optim.Adam",
        "Adamax": "use optim.Adam",
        "NAdam": "use optim.AdamW",
        "RAdam": "use optim.AdamW",
        "RMSprop": "use optim.Adam(params, lr, betas=(0, 0.99))",
        "LBFGS": "use optim.SGD or optim.Adam",
        "SparseAdam": "use optim.Adam",
    },
    "tinytorch.optim.lr_scheduler": {
        **dict.fromkeys(
            (
                *("LinearLR", "ConstantLR", "PolynomialLR", "CyclicLR", "SequentialLR"),
                *("CosineAnnealingWarmRestarts", "MultiplicativeLR", "ChainedScheduler"),
            ),
            "use LambdaLR, with a function of the epoch",
        ),
        "OneCycleLR": "use tinytorch.CosineSchedule, and set optimizer.lr = schedule(step)",
        "ReduceLROnPlateau": "use optimizer.lr = optimizer.lr / 10 when the loss stops falling",
    },
    "tinytorch.linalg": {
        name: f"use numpy.linalg.{name} on x.detach().numpy()"
        for name in (
            "cholesky",
            "cond",
            "det",
            "eig",
            "eigh",
            "inv",
            "lstsq",
            "pinv",
            "qr",
            "solve",
            "svd",
        )
    },
    "tinytorch.utils.data": {
        "IterableDataset": "use Dataset, with a length and items by number",
        "SubsetRandomSampler": "use DataLoader(Subset(dataset, indices), shuffle=True)",
        "BatchSampler": "use DataLoader(dataset, batch_size)",
        "get_worker_info": "use it without workers: a DataLoader here has none",
        "DistributedSampler": "use one process: nothing here runs on several",
    },
    "tinytorch.utils": {
        "tensorboard": "use print, or write a file of your own",
        "checkpoint": "use the model as it is: nothing is computed twice here",
    },
    "tinytorch.cuda": {"amp": "use tinytorch.to_half(model) and tinytorch.GradScaler(optimizer)"},
}


ARGUMENTS = {
    "Module": {"device": ONLY_CPU},
    "Conv2d": {
        "dilation": "use a larger kernel_size",
        "groups": "use one Conv2d for each group of x.chunk(groups, 1), and cat",
        "padding_mode": "use F.pad before, and padding=0",
    },
    "MaxPool2d": {
        "dilation": "use a larger kernel_size",
        "ceil_mode": "use padding",
        "return_indices": "use the values alone",
    },
    "AvgPool2d": {"ceil_mode": "use padding", "count_include_pad": "use padding=0"},
    "BatchNorm2d": {
        "affine": "use weight.requires_grad = False",
        "track_running_stats": "use LayerNorm, which needs no statistics",
    },
    "DataParallel": {
        "device_ids": "use num_threads: each takes a part of the batch",
        "output_device": "use it without: there is only the CPU",
        "dim": "use it without: the first axis is divided",
    },
    "LayerNorm": {
        "elementwise_affine": "use weight.requires_grad = False",
        "bias": "use layer.bias.requires_grad = False: it begins as zeros",
    },
    "Embedding": {
        "padding_idx": "use weight.data[padding_idx] = 0 after each step",
        "max_norm": "use weight.norm(2, 1), and scale the rows",
        "sparse": NO_SPARSE,
        "scale_grad_by_freq": "use it without: it is rarely needed",
    },
    "MultiheadAttention": {
        "kdim": "use scaled_dot_product_attention with nn.Linear of your own",
        "vdim": "use scaled_dot_product_attention with nn.Linear of your own",
        "add_bias_kv": "use it without: it is rarely needed",
        "add_zero_attn": "use it without: it is rarely needed",
    },
    "MultiHeadAttention": {
        "dropout": "use nn.Dropout on its result",
        "batch_first": "use it without: the batch is always first",
        "kdim": "use scaled_dot_product_attention with nn.Linear of your own",
        "vdim": "use scaled_dot_product_attention with nn.Linear of your own",
    },
}
"""Keywords of PyTorch's modules that are not offered."""


def no_such_name(place: str, name: str, there_are: Iterable[str] = ()) -> AttributeError:
    """The error for a name that ``place`` does not have. It says what to write instead.

    >>> print(no_such_name("tinytorch.nn", "Conv3d"))
    tinytorch.nn has no 'Conv3d': use nn.Conv2d for each slice
    >>> print(no_such_name("tinytorch.nn", "Linaer", ["Linear", "Module"]))
    tinytorch.nn has no 'Linaer': use Linear, if that was meant
    """
    way = INSTEAD.get(place, {}).get(name)
    if way is None:
        from difflib import get_close_matches  # it takes a moment, and is rarely needed

        near = get_close_matches(name, sorted(there_are), n=3, cutoff=0.8)
        way = (
            f"use {' or '.join(near)}, if that was meant"
            if near
            else "use what dir() lists; docs/pytorch.md has what is written differently here"
        )
    return AttributeError(f"{place} has no {name!r}: {way}", name=name)


def refuse(what: str, way: str) -> NoReturn:
    """Raise TypeError for a call that is not offered, and say what to write instead."""
    raise TypeError(f"{what} is not offered: {way}")


def not_offered(function: str, **given: Any) -> None:
    """Refuse by name the arguments that are neither None nor False."""
    for name, (value, way) in given.items():
        if value not in (None, False, 0):
            refuse(f"{function}({name}=…)", way)


def only_cpu(device: Any) -> None:
    """Raise ValueError unless ``device`` is None or the CPU: NumPy knows no other."""
    if device is not None and str(device).split(":")[0] != "cpu":
        raise ValueError(f"there is no device {str(device)!r}: {ONLY_CPU}")


class Refused:
    """A name that only PyTorch's class has: looking it up raises AttributeError, and says what to write."""

    def __init__(self, name: str, way: str) -> None:
        self.name, self.way = name, way

    def __get__(self, owned: object, owner: type) -> NoReturn:
        raise AttributeError(f"{owner.__name__} has no {self.name!r}: {self.way}", name=self.name)


def submodule(name: str, module: ModuleType) -> ModuleType:
    """Let ``module`` also be imported under another name, such as ``tinytorch.nn.functional``."""
    sys.modules[name] = module
    return module
