"""A GPT in plain NumPy, from a state dict; and sampling by its definition."""

import numpy as np

from specs.arrays import Array, State
from specs.oracles import attention


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
    """One vector at a time."""
    out = np.empty(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        vector = x[place].astype(np.float64)
        variance = ((vector - vector.mean()) ** 2).sum() / len(vector)
        out[place] = (vector - vector.mean()) / (variance + eps) ** 0.5 * weight + bias
    return out


def gelu(x: Array) -> Array:
    """The tanh form."""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))


def part(state: State, prefix: str) -> State:
    """The entries below a prefix, without it."""
    return {n[len(prefix) :]: v for n, v in state.items() if n.startswith(prefix)}


def mlp(x: Array, state: State) -> Array:
    hidden = gelu(x @ state["fc.weight"].T + state["fc.bias"])
    return hidden @ state["proj.weight"].T + state["proj.bias"]


def block(x: Array, state: State, heads: int, mask: Array | None = None) -> Array:
    inner = layer_norm(x, state["ln_1.weight"], state["ln_1.bias"])
    x = x + attention.multi_head(inner, part(state, "attn."), heads, mask)
    inner = layer_norm(x, state["ln_2.weight"], state["ln_2.bias"])
    return x + mlp(inner, part(state, "mlp."))


def gpt(indices: Array, state: State, heads: int, layers: int) -> Array:
    """Logits (N, T, V)."""
    length = indices.shape[1]
    table = state["token_embedding.weight"]
    x = table[indices] + state["position.weight"][:length]
    for number in range(layers):
        x = block(x, part(state, f"blocks.{number}."), heads, np.tri(length, dtype=bool))
    return layer_norm(x, state["ln_f.weight"], state["ln_f.bias"]) @ table.T


def probabilities(logits: Array, temperature: float = 1.0, top_k: int | None = None) -> Array:
    """The distribution to draw from, for one row of logits."""
    order = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
    kept = order[:top_k]
    shares = np.zeros(len(logits))
    shares[kept] = np.exp((logits[kept] - max(logits)) / temperature)
    return shares / shares.sum()
