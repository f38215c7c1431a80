"""07 · training: the exercises, written from docstrings by someone who had not seen the worked solution."""

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save


class CosineSchedule:
    def __init__(
        self, lr: float, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
    ) -> None:
        if not lr >= 0:
            raise ValueError(f"lr is a rate of at least 0, not {lr}")
        if not 0 <= min_lr <= lr:
            raise ValueError(f"min_lr is between 0 and the lr {lr}, not {min_lr}")
        if not total_steps >= 1:
            raise ValueError(f"total_steps counts from 1 on, not {total_steps}")
        if not 0 <= warmup_steps <= total_steps:
            raise ValueError(f"warmup_steps is between 0 and {total_steps}, not {warmup_steps}")
        self.lr = float(lr)
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps
        self.min_lr = float(min_lr)

    def __call__(self, step: int) -> float:
        if step < 0:
            raise ValueError(f"no step comes before 0, so not {step}")
        if step < self.warmup_steps:
            return self.lr * (step + 1) / self.warmup_steps
        if step >= self.total_steps:
            return self.min_lr
        done = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        # (1 + cos a) / 2 is cos² (a / 2).
        return self.min_lr + (self.lr - self.min_lr) * math.cos(math.pi / 2 * done) ** 2


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, error_if_nonfinite: bool = False
) -> float:
    if not max_norm >= 0:
        raise ValueError(f"max_norm is a length, and {max_norm} is none")
    several = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [parameter.grad for parameter in several if parameter.grad is not None]
    squares = 0.0
    for grad in grads:
        row = np.asarray(grad, dtype=np.float64).ravel()
        squares += float(np.dot(row, row))
    length = math.sqrt(squares)
    if error_if_nonfinite and not math.isfinite(length):
        raise RuntimeError(f"the gradients have the length {length}")
    factor = max_norm / (length + 1e-6)
    if factor < 1 or math.isnan(length):
        for grad in grads:
            np.multiply(grad, factor, out=grad)
    return length


def accuracy(logits: Tensor | Array, targets: Tensor | Array) -> float:
    scores = logits.data if isinstance(logits, Tensor) else logits
    right = targets.data if isinstance(targets, Tensor) else targets
    if scores.shape == right.shape:
        predicted = np.where(scores > 0, 1, 0)
    elif scores.ndim > 0 and scores.shape[:-1] == right.shape and scores.shape[-1] > 1:
        predicted = np.argmax(scores, axis=-1)
    else:
        raise ValueError(f"logits {scores.shape} and targets {right.shape} do not belong together")
    if right.size == 0:
        raise ValueError(f"no targets: logits {scores.shape}, targets {right.shape}")
    return float(np.count_nonzero(predicted == right) / right.size)


class Trainer:
    def train_step(self, inputs: Tensor | Array, targets: Tensor | Array) -> float:
        if self.schedule is not None:
            self.optimizer.lr = self.schedule(self.step)
        self.model.zero_grad()
        self.optimizer.zero_grad()
        loss = self.loss(self.model(inputs), targets)
        value = float(loss.item())
        loss.backward()
        if self.clip_norm is not None:
            clip_grad_norm_(self.optimizer.parameters(), self.clip_norm)
        self.optimizer.step()
        self.step += 1
        return value

    def fit(
        self,
        batches: Iterable[tuple[Any, Any]],
        epochs: int,
        validation: Iterable[tuple[Any, Any]] | None = None,
        on_step: Callable[[dict[str, float]], Any] | None = None,
        on_epoch: Callable[[dict[str, float]], Any] | None = None,
    ) -> list[dict[str, float]]:
        if epochs < 0:
            raise ValueError(f"{epochs} epochs cannot be done")
        for _ in range(epochs):
            number = 1 + len(self.history)
            self.model.train()
            examples, total = 0, 0.0
            for inputs, targets in batches:
                loss = self.train_step(inputs, targets)
                examples += len(inputs)
                total += len(inputs) * loss
                if on_step is not None:
                    on_step({"epoch": number, "step": self.step, "loss": loss})
            if examples == 0:
                raise ValueError(f"epoch {number} had no batch: can batches be iterated only once?")
            entry = {"epoch": number, "loss": total / examples}
            if validation is not None:
                for name, value in self.evaluate(validation).items():
                    entry[f"validation_{name}"] = value
            self.history.append(entry)
            if on_epoch is not None:
                on_epoch(entry)
        return self.history

    def evaluate(self, batches: Iterable[tuple[Any, Any]]) -> dict[str, float]:
        before = {module: module.training for module in self.model.modules()}
        sums = {"loss": 0.0, "accuracy": 0.0}
        examples = 0
        try:
            self.model.eval()
            with no_grad():
                for inputs, targets in batches:
                    outputs = self.model(inputs)
                    many = len(inputs)
                    sums["loss"] += many * float(self.loss(outputs, targets).item())
                    sums["accuracy"] += many * accuracy(outputs, targets)
                    examples += many
        finally:
            for module, mode in before.items():
                module.training = mode
        if examples == 0:
            raise ValueError("batches has no batch to measure the model on")
        return {name: total / examples for name, total in sums.items()}


def save_checkpoint(
    path: str | Path,
    model: Module,
    optimizer: Optimizer | None = None,
    step: int = 0,
    metadata: Any = None,
) -> None:
    try:
        json.dumps(metadata)
    except (ValueError, RecursionError) as error:
        raise TypeError(f"metadata does not fit into JSON: {error}") from error
    arrays = {name: np.array(value, order="C") for name, value in model.state_dict().items()}
    header: dict[str, Any] = {"step": step, "metadata": metadata}
    if optimizer is not None:
        saved = optimizer.state_dict()
        rest: dict[str, dict[str, Any]] = {}
        for number, remembered in saved["state"].items():
            rest[str(number)] = {}
            for name, value in remembered.items():
                if isinstance(value, np.ndarray):
                    arrays[f"optimizer/{number}/{name}"] = np.array(value, order="C")
                else:
                    rest[str(number)][name] = value
        header["optimizer"] = {"state": rest, "param_groups": saved["param_groups"]}
    text = json.dumps(header, default=lambda number: number.item())
    path = Path(path)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(save(arrays, {HEADER: text}))
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def load_checkpoint(
    path: str | Path, model: Module, optimizer: Optimizer | None = None, strict: bool = True
) -> dict[str, Any]:
    arrays, header = read_checkpoint(path)
    described = header.get("optimizer")
    remembered: dict[int, dict[str, Any]] = {}
    try:
        if described is not None:
            for number, values in described["state"].items():
                remembered[int(number)] = dict(values)
            for name in [name for name in arrays if name.startswith("optimizer/")]:
                _, number, own = name.split("/", 2)
                remembered.setdefault(int(number), {})[own] = arrays.pop(name)
        elif optimizer is not None:
            raise ValueError("it holds no optimizer")
        before = model.state_dict()
        model.load_state_dict(arrays, strict)
        if optimizer is not None:
            try:
                groups = [
                    {
                        k: tuple(v) if isinstance(v, list) and k != "params" else v
                        for k, v in g.items()
                    }
                    for g in described["param_groups"]
                ]
                optimizer.load_state_dict({"state": remembered, "param_groups": groups})
            except Exception:
                model.load_state_dict(before)
                raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{path} does not fit: {error}") from error
    result = {"step": header.get("step", 0), "metadata": header.get("metadata")}
    if not strict:
        missing, unexpected = incompatible_keys(model, arrays)
        result.update(missing_keys=missing, unexpected_keys=unexpected)
    return result


def read_checkpoint(path: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get(HEADER, "{}")
            arrays = {name: file.get_tensor(name) for name in file.keys()}
        header = json.loads(text)
        if not isinstance(header, dict):
            raise ValueError("its header is no dictionary")
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is damaged, or no safetensors at all: {error}") from error
    return arrays, header
