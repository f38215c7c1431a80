"""Run the habits on PyTorch and keep what they give: ``python -m tests.interop.make_expected``.

PyTorch is pinned, see `tox -e interop`. What raises an error there is no habit, and ends this.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.interop import habits, in_place


def main() -> int:
    found, broken = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name, code in habits.habits():
            try:
                found[name] = habits.evaluate(code, "torch", Path(folder) / "file.pt")
            except Exception as error:
                if name in habits.table()["raises"]["in_pytorch"]:
                    found[name] = {"raises": type(error).__name__}
                    continue
                broken.append(f"{name}: {type(error).__name__}: {error}")
    import torch

    ran = [in_place.outcome(program, torch) for program in in_place.programs()]
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if "--check" in sys.argv[1:]:
        kept = habits.expected()
        # Nearly: the last bit of a float depends on what the processor can do at once.
        others = [
            name for name in {*found, *kept} if not habits.same(found.get(name), kept.get(name))
        ]
        if others:
            broken.append(f"expected.json is not what PyTorch gives: {', '.join(sorted(others))}")
        pairs = zip(ran, in_place.expected(), strict=True)
        if not all(in_place.same(got, wanted) for got, wanted in pairs):
            broken.append("in_place.json is not what PyTorch gives")
    else:
        in_place.EXPECTED.write_text(
            "[\n" + ",\n".join(map(json.dumps, ran)) + "\n]\n", encoding="utf-8"
        )
        habits.EXPECTED.write_text(text, encoding="utf-8")
    print(*broken, f"{len(found)} habits", sep="\n")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
