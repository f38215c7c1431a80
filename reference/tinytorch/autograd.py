"""05 · Autograd: reverse-mode automatic differentiation."""

import numpy as np

from tinytorch import activations, losses
from tinytorch import tensor as t
from tinytorch.primitive import Variable, defvjp, recording, vjps


def unbroadcast(g, x):
    """Sum g down to the shape of x."""
    shape = np.shape(x)
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    stretched = tuple(i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1)
    g = g.sum(axis=(*range(extra), *stretched), keepdims=True)
    return g.reshape(shape)


class no_grad:
    def __enter__(self):
        self.token = recording.set(False)
        return self

    def __exit__(self, *error):
        recording.reset(self.token)


def topological_order(tensor):
    order, seen, stack = [], set(), [(tensor, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        stack.append((node, True))
        if node.grad_fn is not None:
            for arg in node.grad_fn.args:
                if isinstance(arg, Variable) and arg.requires_grad and id(arg) not in seen:
                    stack.append((arg, False))
    return order


def backward(tensor, grad=None, retain_graph=False):
    if not tensor.requires_grad:
        raise RuntimeError("the tensor does not require grad")
    if grad is None:
        if tensor.size != 1:
            raise RuntimeError("grad can be left out only for a tensor of one element")
        grad = np.ones_like(tensor.data)
    grad = np.asarray(grad.data if isinstance(grad, Variable) else grad, tensor.dtype)
    if grad.shape != tensor.shape:
        raise ValueError(f"grad has shape {grad.shape}, the tensor {tensor.shape}")
    gradients = {id(tensor): grad}
    for node in reversed(topological_order(tensor)):
        g = gradients.pop(id(node))
        if node.grad_fn is None:
            node.grad = np.array(g, node.dtype) if node.grad is None else node.grad + g
            continue
        if node.grad_fn.args is None:
            raise RuntimeError("the graph was freed: call backward with retain_graph=True")
        for arg, gradient in vjps(node.grad_fn, g, node.data):
            before = gradients.get(id(arg))
            gradients[id(arg)] = gradient if before is None else before + gradient
        if not retain_graph:
            node.grad_fn.args = None


def grad(output, inputs, grad_output=None):
    raise NotImplementedError


def getitem_x(g, ans, x, *, index):
    out = np.zeros(x.shape, g.dtype)
    np.add.at(out, index, g)
    return out


def spread(g, x, dim, keepdim):
    if dim is None or keepdim:
        return g
    return np.expand_dims(g, dim)


def sum_x(g, ans, x, *, dim=None, keepdim=False):
    return np.broadcast_to(spread(g, x, dim, keepdim), x.shape)


def max_x(g, ans, x, *, dim=None, keepdim=False):
    at = x == spread(ans, x, dim, keepdim)
    return spread(g, x, dim, keepdim) * at / at.sum(axis=dim, keepdims=True)


def matmul_x(g, ans, x, y):
    if y.ndim == 1:
        g, y = g[..., None], y[:, None]
    if x.ndim == 1:
        return unbroadcast((g[..., None, :] @ np.swapaxes(y, -1, -2))[..., 0, :], x)
    return unbroadcast(g @ np.swapaxes(y, -1, -2), x)


def matmul_y(g, ans, x, y):
    if x.ndim == 1:
        g, x = (g[..., None, :] if y.ndim > 1 else g), x[None, :]
    if y.ndim == 1:
        return unbroadcast((np.swapaxes(x, -1, -2) @ g[..., None])[..., 0], y)
    return unbroadcast(np.swapaxes(x, -1, -2) @ g, y)


def concatenate_each(i, g, ans, *arrays, dim=0):
    start = int(np.sum([a.shape[dim] for a in arrays[:i]]))
    return np.take(g, np.arange(start, start + arrays[i].shape[dim]), axis=dim)


def gelu_x(g, ans, x, *, approximate="tanh"):
    inner = 0.7978845608028654 * (x + 0.044715 * x * x * x)
    th = np.tanh(inner)
    return g * (0.5 * (1 + th) + 0.5 * x * (1 - th * th) * 0.7978845608028654 * (1 + 3 * 0.044715 * x * x))


def pick_x(g, ans, x, *, classes):
    out = np.zeros_like(x)
    out[np.arange(len(x)), classes] = g
    return out


# fmt: off
defvjp(t.add,     lambda g, ans, x, y: unbroadcast(g, x),      lambda g, ans, x, y: unbroadcast(g, y))
defvjp(t.sub,     lambda g, ans, x, y: unbroadcast(g, x),      lambda g, ans, x, y: unbroadcast(-g, y))
defvjp(t.mul,     lambda g, ans, x, y: unbroadcast(g * y, x),  lambda g, ans, x, y: unbroadcast(g * x, y))
defvjp(t.div,     lambda g, ans, x, y: unbroadcast(g / y, x),  lambda g, ans, x, y: unbroadcast(-g * ans / y, y))
defvjp(t.pow,     lambda g, ans, x, y: unbroadcast(g * y * x ** (y - 1), x), lambda g, ans, x, y: unbroadcast(g * ans * np.log(x), y))
defvjp(t.neg,     lambda g, ans, x: -g)
defvjp(t.matmul,  matmul_x, matmul_y)
defvjp(t.maximum, lambda g, ans, x, y: unbroadcast(g * ((x > y) + 0.5 * (x == y)), x), lambda g, ans, x, y: unbroadcast(g * ((y > x) + 0.5 * (x == y)), y))
defvjp(t.where,   None, lambda g, ans, c, x, y: unbroadcast(g * c, x), lambda g, ans, c, x, y: unbroadcast(g * ~c, y))
defvjp(t.exp,     lambda g, ans, x: g * ans)
defvjp(t.log,     lambda g, ans, x: g / x)
defvjp(t.sqrt,    lambda g, ans, x: g / (2 * ans))
defvjp(t.abs,     lambda g, ans, x: g * np.sign(x))
defvjp(t.clip,    lambda g, ans, x, *, min=None, max=None: g * (ans == x))
defvjp(t.sum,     sum_x)
defvjp(t.max,     max_x)
defvjp(t.reshape, lambda g, ans, x, *, shape: g.reshape(x.shape))
defvjp(t.permute, lambda g, ans, x, *, dims: np.transpose(g, np.argsort(dims)))
defvjp(t.expand,  lambda g, ans, x, *, shape: unbroadcast(g, x))
defvjp(t.getitem, getitem_x)
defvjp(t.concatenate, every=concatenate_each)
defvjp(activations.relu,    lambda g, ans, x: g * (x > 0))
defvjp(activations.sigmoid, lambda g, ans, x: g * ans * (1 - ans))
defvjp(activations.tanh,    lambda g, ans, x: g * (1 - ans**2))
defvjp(activations.gelu,    gelu_x)
defvjp(activations.softmax, lambda g, ans, x, *, dim=-1: ans * (g - (g * ans).sum(axis=dim, keepdims=True)))
defvjp(losses.log_softmax,  lambda g, ans, x, *, dim=-1: g - np.exp(ans) * g.sum(axis=dim, keepdims=True))
defvjp(losses.pick, pick_x)
