"""Every named mistake turns its own checkpoint red, with a message that points at the right function."""

from __future__ import annotations

import ast
from copy import deepcopy
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from pytest_tinytorch.course.exercises import find_node
from tests.proofs.mistakes.catalogue import apply, put, same
from tests.support import kit
from tests.support.long import one_in

FOLDER = kit.ROOT / "tests/proofs/mistakes"
AT_LEAST = 8


def mistakes_of(unit):
    file = FOLDER / f"{unit.number}_{unit.name}.py"
    found = spec_from_file_location(f"mistakes_{unit.number}", file)
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module.MISTAKES


class Annotate(ast.NodeTransformer):
    """Annotates the parameters and results of all functions, and all variables that are set."""

    def visit_Lambda(self, node):
        return node

    def visit_arg(self, node):
        return ast.arg(node.arg, ast.Name("Array"))

    def visit_FunctionDef(self, node):
        node.returns = ast.Name("Array")
        return self.generic_visit(node)

    def visit_Assign(self, node):
        match node.targets:
            case [ast.Name() | ast.Attribute() as target]:
                return ast.AnnAssign(target, ast.Name("Array"), node.value, simple=1)
        return node


def wrong(tree, mistake):
    """The syntax tree of the function that the mistake is about, with the mistake in it."""
    function = deepcopy(find_node(tree, mistake.of))
    put(function, mistake)
    return function


ALL = [(unit, mistake) for unit in kit.modules() for mistake in mistakes_of(unit)]
CASES = one_in(5, ALL)


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_each_module_has_enough_of_them(unit):
    titles = [mistake.title for mistake in mistakes_of(unit)]
    assert len(set(titles)) == len(titles) >= AT_LEAST


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_each_changes_the_same_however_the_reference_is_written(unit):
    tree = ast.parse(kit.reference_text(unit.name))
    rewritten = ast.parse(ast.unparse(Annotate().visit(deepcopy(tree))))
    for mistake in mistakes_of(unit):
        changed = wrong(tree, mistake)
        assert not same(changed, find_node(tree, mistake.of)), mistake.title
        assert same(wrong(rewritten, mistake), changed), mistake.title
        assert same(ast.parse(ast.unparse(changed)).body, [changed]), mistake.title


@pytest.mark.parametrize(
    ("unit", "mistake"), CASES, ids=[f"{u.number} {m.title}" for u, m in CASES]
)
def test_it_turns_its_checkpoint_red(unit, mistake, tmp_path):
    wrong = apply(kit.reference_text(unit.name), mistake)
    everything = [other.name for other in kit.modules()]
    source = kit.mixture(tmp_path, everything, {unit.name: wrong})
    group = f"{unit.spec_path}::{mistake.turns_red}"
    run = kit.run(source, tmp_path / "ledger.jsonl", group, "-x")
    assert run.code == 1, run.output
    kinds = run.json["units"][unit.id]["specs"]
    assert kinds.get("wrong", 0) + kinds.get("broken", 0) >= 1, run.output
    assert mistake.says.lower() in run.output.lower()
