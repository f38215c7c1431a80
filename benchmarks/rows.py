"""What is measured: one row for each piece of work, ours and that of another library."""

from __future__ import annotations

from benchmarks import data, models, operations, programs, text
from benchmarks.row import Row

STEPS = 20
"""So many losses have to agree before the time of a step is taken."""

TRAINING = (
    Row(
        "mlp-sgd",
        "MLP 784-128-10, batch 64: a step with SGD",
        models.our_mlp_sgd,
        models.torch_mlp_sgd,
        times=STEPS,
        memory=True,
    ),
    Row(
        "mlp-adam",
        "MLP 784-128-10, batch 64: a step with Adam",
        models.our_mlp_adam,
        models.torch_mlp_adam,
        times=STEPS,
        memory=True,
    ),
    Row(
        "cnn-step",
        "CNN 32-64-128 with BatchNorm, batch 128: a step",
        models.our_cnn_step,
        models.torch_cnn_step,
        times=STEPS,
        memory=True,
        divided=True,
    ),
    Row(
        "gpt-step",
        "GPT of 2 layers, width 64, 32 × 64 tokens: a step",
        models.our_gpt_step,
        models.torch_gpt_step,
        times=STEPS,
        memory=True,
        divided=True,
    ),
)

USE = (
    Row(
        "cnn-inference",
        "CNN 32-64-128 with BatchNorm, batch 128: inference",
        models.our_cnn_inference,
        models.torch_cnn_inference,
        memory=True,
        divided=True,
    ),
    Row(
        "generate",
        "GPT: 60 tokens without a cache",
        models.our_generate,
        models.torch_generate,
    ),
    Row(
        "generate-cached",
        "GPT: 256 tokens, both with a cache",
        models.our_cached_generate,
        models.torch_cached_generate,
        memory=True,
    ),
    Row(
        "generate-fused",
        "the same, ours with fused_generate: one operation for a token",
        models.our_fused_generate,
        models.torch_cached_generate,
        memory=True,
    ),
    Row(
        "int8",
        "MLP 784-256-256-10 in INT8, batch 128: inference",
        models.our_int8,
        models.torch_int8,
        beside="torch.ao, dynamic",
        within=0.05,
    ),
)

OPERATIONS = (
    *operations.rows(),
    Row("scalar-add", "one addition of two numbers", operations.our_add, operations.torch_add),
    Row(
        "graph",
        "a graph of 20,000 nodes: backward",
        operations.our_graph,
        operations.torch_graph,
    ),
)

AROUND = (
    Row(
        "loader",
        "DataLoader: 10,000 images 28 × 28, batch 64, shuffled",
        data.our_loader,
        data.torch_loader,
        times=0,
    ),
    Row(
        "bpe-train",
        "BPE: 512 merges of TinyTalks",
        text.our_training,
        text.their_training,
        "tokenizers",
        within=0.01,
        needs="tokenizers",
    ),
    Row(
        "bpe-encode",
        "BPE: TinyTalks encoded",
        text.our_encoding,
        text.their_encoding,
        "tokenizers",
        within=0.01,
        needs="tokenizers",
    ),
    Row(
        "bpe-word",
        "BPE: a word of 100,000 letters encoded",
        text.our_word,
        text.their_word,
        "tokenizers",
        within=0.01,
        needs="tokenizers",
    ),
    Row(
        "bpe-chinese",
        "BPE: 1,000 merges of 5,000 Chinese characters",
        text.our_chinese,
        text.their_chinese,
        "tokenizers",
        within=0.01,
        needs="tokenizers",
    ),
    Row(
        "import",
        "from tinytorch import GPT, Trainer",
        programs.our_import,
        programs.numpy_import,
        "import numpy",
        times=0,
        needs="numpy",
        in_process=False,
    ),
)

ROWS: tuple[Row, ...] = (*TRAINING, *USE, *OPERATIONS, *AROUND)

LOOP = {
    "loop-first": "tito watch: a save to the first look",
    "loop-full": "tito watch: a save to the full verdict",
    "loop-line": "tito lsp: a save to the first diagnostic in an editor",
}
"""Rows that are measured together, by `benchmarks.watch`."""


def row(name: str) -> Row:
    """The row of a name; KeyError names those that there are."""
    for one in ROWS:
        if one.name == name:
            return one
    raise KeyError(f"no row {name!r}; there are {', '.join(one.name for one in ROWS)}")
