"""Write the files of `weights/` with PyTorch: ``python -m tests.interop.make_weights``.

With ``--check`` nothing is written: PyTorch's numbers are compared with those that are kept. They differ
by rounding from one processor to another, so this is not a comparison of bytes; digests of the files are
kept beside them.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file, save_model

from tests.interop import exchange

DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
]


def write(folder: Path) -> None:
    """Make all files in a folder."""
    torch.manual_seed(0)
    model = exchange.filled(exchange.layers(torch.nn), torch.tensor)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "layers.safetensors")
    save_model(model["shared"], str(folder / "shared.safetensors"))
    with torch.no_grad():
        found = dict(exchange.results(model, torch.tensor))
    values = torch.tensor([[0.0, 1.0, 100.0], [2.0, 3.0, 64.0]])
    kinds = {name: values.to(getattr(torch, name)) for name in DTYPES}
    kinds |= {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3)}
    kinds |= {"fractions": torch.tensor([1 / 3, -1e30, float("inf")]).bfloat16()}
    save_file(kinds, folder / "dtypes.safetensors")
    for name, build in exchange.OPTIMIZERS.items():
        network = exchange.filled(exchange.network(torch.nn), torch.tensor)
        optimizer = build(torch.optim, network.parameters())
        cut, end = exchange.STEPS_BEFORE, exchange.STEPS_BEFORE + exchange.STEPS_AFTER
        exchange.train(network, optimizer, torch.tensor, range(cut))
        path = folder / f"{name}.safetensors"
        exchange.page_functions()["write_checkpoint"](path, network, optimizer, step=cut)
        exchange.train(network, optimizer, torch.tensor, range(cut, end))
        found |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
    found = {name: value.contiguous() for name, value in found.items()}
    save_file(found, folder / "results.safetensors")
    text = json.dumps(schedules(), indent=1) + "\n"
    (folder / exchange.SCHEDULES.name).write_text(text, encoding="utf-8", newline="\n")


def schedules() -> dict[str, Any]:
    """The state of each schedule after some epochs, and the rates that follow."""
    kept = {}
    for name, build in exchange.RATES.items():
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
        schedule = build(torch.optim.lr_scheduler, optimizer)
        rates = []
        for epoch in range(8):
            if epoch == 4:
                state = json.loads(json.dumps(schedule.state_dict()))
            optimizer.step()
            schedule.step()
            rates.append(schedule.get_last_lr()[0])
        kept[name] = {"state": state, "rates": rates[4:]}
    return kept


def differences(made: Path, kept: Path) -> list[str]:
    """What is not the same in two folders, but for rounding."""
    found = []
    names = sorted(file.name for file in made.iterdir())
    for name in names:
        if not (kept / name).exists():
            found.append(f"{name} is missing")
        elif name == exchange.SCHEDULES.name:
            texts = [json.loads((each / name).read_text(encoding="utf-8")) for each in (made, kept)]
            found += [f"{name} differs"] * (texts[0] != texts[1])
        else:
            new, old = load_file(made / name), load_file(kept / name)
            same = new.keys() == old.keys() and all(
                new[key].dtype == old[key].dtype
                and torch.allclose(new[key].double(), old[key].double(), rtol=1e-4, atol=1e-5)
                for key in new
            )
            found += [f"{name} differs"] * (not same)
    return found


def main() -> int:
    if "--check" in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder))
            found = differences(Path(folder), exchange.FOLDER)
        print(*found, f"{len(exchange.OPTIMIZERS) + 5} files", sep="\n")
        return bool(found)
    exchange.FOLDER.mkdir(exist_ok=True)
    write(exchange.FOLDER)
    digests = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(exchange.FOLDER.iterdir())
        if file != exchange.DIGESTS
    }
    text = json.dumps(digests, indent=1) + "\n"
    exchange.DIGESTS.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
