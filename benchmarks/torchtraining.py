"""Models of ours rebuilt in PyTorch with the weights that they have, and PyTorch's own training loop."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from benchmarks import torchgpt

LAYERS = {
    "Linear": lambda layer: nn.Linear(*layer.weight.shape[::-1]),
    "Conv2d": lambda layer: nn.Conv2d(
        *layer.weight.shape[1::-1], layer.weight.shape[2:], padding=layer.padding, bias=False
    ),
    "BatchNorm2d": lambda layer: nn.BatchNorm2d(len(layer.weight)),
    "MaxPool2d": lambda layer: nn.MaxPool2d(layer.kernel_size),
    "Dropout": lambda layer: nn.Dropout(layer.p),
    "ReLU": lambda layer: nn.ReLU(),
    "Flatten": lambda layer: nn.Flatten(),
}
"""What a layer of ours is called, and how PyTorch's is made: those that the recipes use."""


def twin(ours):
    """PyTorch's layers for a Sequential of ours, with the same weights."""
    layers = (LAYERS[type(layer).__name__](layer) for layer in ours)
    return with_weights(nn.Sequential(*layers), ours)


def gpt_twin(ours):
    """The same for a GPT."""
    sizes = ours.config
    model = torchgpt.GPT(
        sizes.vocab_size,
        sizes.context_length,
        sizes.embed_dim,
        sizes.num_heads,
        sizes.num_layers,
    )
    return with_weights(model, ours)


def with_weights(model, ours):
    """A model of PyTorch after it took copies of all parameters and buffers of ours."""
    arrays = ours.state_dict()
    model.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return model


def train(model, batches, epochs, schedule, *, loss=None, clip_norm=None, on_epoch=None, **choice):
    """What our `Trainer` does with AdamW, in PyTorch.

    Args:
        batches: gives (inputs, targets) as Tensors of ours, whose arrays are used without a copy.
        schedule: gives the learning rate of each step.
        loss: of (outputs, targets); cross-entropy unless given.
        choice: for AdamW.
    """
    loss = loss or nn.functional.cross_entropy
    optimizer = torch.optim.AdamW(model.parameters(), lr=schedule(0), **choice)
    step = 0
    for epoch in range(1, epochs + 1):
        model.train()
        total, examples = 0.0, 0
        for batch in batches:
            inputs, targets = (torch.from_numpy(part.data) for part in batch)
            for group in optimizer.param_groups:
                group["lr"] = schedule(step)
            optimizer.zero_grad()
            found = loss(model(inputs), targets)
            found.backward()
            if clip_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            optimizer.step()
            step += 1
            total += found.item() * len(targets)
            examples += len(targets)
        if on_epoch is not None:
            on_epoch({"epoch": epoch, "loss": total / examples})


@torch.inference_mode()
def accuracy(model, batches):
    """The share of test images that a classifier is right about."""
    model.eval()
    right = total = 0
    for images, labels in batches:
        chosen = model(torch.from_numpy(images.data)).argmax(dim=1).numpy()
        right += int((chosen == labels.data).sum())
        total += len(labels)
    return right / total


def answer_loss(ignored):
    """Cross-entropy of logits (N, T, V) over the places whose target is not ``ignored``."""

    def loss(logits, targets):
        return nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=ignored
        )

    return loss


class Greedy:
    """A GPT of PyTorch that the milestone can ask as it asks ours: the likeliest token each time."""

    def __init__(self, model):
        self.model = model

    @torch.inference_mode()
    def generate(self, prompt, max_new_tokens, *, temperature, stop):
        """As `GPT.generate` of ours; ``temperature`` has to be 0."""
        if temperature != 0:
            raise ValueError(f"temperature must be 0, got {temperature}")
        self.model.eval()
        text = torch.from_numpy(np.asarray(prompt))
        ended = torch.zeros(len(text), dtype=torch.bool)
        for _ in range(max_new_tokens):
            token = self.model(text)[:, -1].argmax(dim=-1)  # (N,)
            token = token.masked_fill(ended, stop)
            ended |= token == stop
            text = torch.cat([text, token[:, None]], dim=1)
            if ended.all():
                break
        return text.numpy()
