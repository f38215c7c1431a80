"""The GPT of module 13 in plain PyTorch, with a cache of keys and values; parameters have our names."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x, cache, start):
        n, length, width = x.shape
        projected = functional.linear(x, self.in_proj_weight, self.in_proj_bias)  # (N, T, 3 D)
        heads = projected.view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = heads  # (N, H, T, d)
        if cache is not None:
            cache[0][:, :, start : start + length] = key
            cache[1][:, :, start : start + length] = value
            key, value = (held[:, :, : start + length] for held in cache)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=length > 1)
        return self.out_proj(seen.transpose(1, 2).reshape(n, length, width))


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, 4 * width)
        self.proj = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.proj(functional.gelu(self.fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = MLP(width)

    def forward(self, x, cache, start):
        x = x + self.attn(self.ln_1(x), cache, start)
        return x + self.mlp(self.ln_2(x))


class Position(nn.Module):
    def __init__(self, context, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(context, width))


class GPT(nn.Module):
    """Pre-norm, learned places, and the table of tokens used for the output too."""

    def __init__(self, vocabulary, context, width, heads, layers):
        super().__init__()
        self.sizes = (1, heads, context, width // heads)
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position = Position(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)

    def forward(self, indices, caches=None, start=0):
        places = self.position.weight[start : start + indices.shape[1]]
        x = self.token_embedding(indices) + places  # (N, T, D)
        for number, block in enumerate(self.blocks):
            x = block(x, caches and caches[number], start)
        return self.ln_f(x) @ self.token_embedding.weight.T  # (N, T, V)

    @torch.inference_mode()
    def generate(self, prompt, count, cached):
        """The prompt and the likeliest tokens after it, as an array."""
        text = torch.tensor(prompt)
        caches = [(torch.empty(self.sizes), torch.empty(self.sizes)) for _ in self.blocks]
        new, start = text, 0
        for _ in range(count):
            logits = self(new, caches, start) if cached else self(text)
            start += new.shape[1]
            new = logits[:, -1].argmax(dim=-1, keepdim=True)
            text = torch.cat([text, new], dim=1)
        return text.numpy()
