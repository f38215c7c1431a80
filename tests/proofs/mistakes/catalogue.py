"""What a named mistake is, and how it is put into the reference's syntax tree."""

import ast
from dataclasses import dataclass
from textwrap import dedent

from pytest_tinytorch.course.exercises import find_node

ANNOTATIONS = frozenset({"annotation", "returns"})
BELOW = frozenset({"body", "orelse"})


@dataclass(frozen=True)
class Mistake:
    """One wrong implementation: the reference with one passage of one function replaced.

    A passage is an expression or one or more statements. If it ends with a colon, ``if x.size:``,
    what stands below stays as it is. The passage is looked up in the syntax tree: how it is formatted
    makes no difference, nor do annotations.

    Attributes:
        title: what a person did wrong.
        of: the function the passage stands in: ``relu``, ``Linear.forward``, or
            ``gradient of mul`` for a ``defvjp`` call.
        replace: the passage, which must occur exactly once in it.
        by: what stands there instead; nothing if statements are left out. It ends with a colon too
            if the passage does.
        turns_red: the spec class that notices.
        says: a word of the message a learner sees.
    """

    title: str
    of: str
    replace: str
    by: str
    turns_red: str
    says: str = ""


def apply(source, mistake):
    """The source with the mistake in it, without comments; ValueError as `put` says."""
    tree = ast.parse(source)
    put(find_node(tree, mistake.of), mistake)
    return ast.unparse(tree)


def put(function, mistake):
    """Change the syntax tree of the function that the mistake is about.

    Raises:
        ValueError: there is no function, or the passage does not occur exactly once in it.
    """
    passage, instead = parsed(mistake)
    found = list(places(function, passage)) if function else []
    if len(found) != 1:
        raise ValueError(
            f"{mistake.title!r}: {mistake.replace!r} occurs {len(found)} times"
            f" in {mistake.of}, must be once"
        )
    owner, field, first = found[0]
    value = getattr(owner, field)
    if is_open(mistake):
        depth = len(headers(passage[-1]))
        kept = headers(value[first + len(passage) - 1])[depth - 1]
        header = headers(instead[-1])[-1]
        header.body, header.orelse = kept.body, getattr(kept, "orelse", [])
    if isinstance(value, list):
        value[first : first + len(passage)] = instead
    else:
        setattr(owner, field, instead[0])


def parsed(mistake):
    """The nodes of the passage, and those that stand there instead."""
    texts = [dedent(text).strip() for text in (mistake.replace, mistake.by)]
    if is_open(mistake):
        both = [ast.parse(f"{text} ...").body for text in texts]
        for nodes in both:
            headers(nodes[-1])[-1].body = []
        return both
    both = [ast.parse(text).body for text in texts]
    if all(len(nodes) == 1 and isinstance(nodes[0], ast.Expr) for nodes in both):
        return [[nodes[0].value] for nodes in both]
    return both


def is_open(mistake):
    """Whether the passage ends with a colon, and says nothing of what stands below."""
    return mistake.replace.rstrip().endswith(":")


def headers(node):
    """A statement with others below it, the last of these if it has some too, and so on."""
    found = []
    while hasattr(node, "body"):
        found.append(node)
        node = node.body[-1] if node.body else None
    return found


def places(owner, passage):
    """Where a passage stands below a node: whose child it is, in which field, from where on."""
    for field, value in ast.iter_fields(owner):
        row = value if isinstance(value, list) else [value]
        if field not in ANNOTATIONS:
            for first in range(len(row) - len(passage) + 1):
                if same(row[first : first + len(passage)], passage):
                    yield owner, field, first
            for node in row:
                if isinstance(node, ast.AST):
                    yield from places(node, passage)


def same(node, passage):
    """Whether a node is what a passage says, annotations aside, and what is below a colon at its end."""
    if isinstance(passage, list):
        return len(node) == len(passage) and all(map(same, node, passage))
    node, passage = without_annotation(node), without_annotation(passage)
    if type(node) is not type(passage):
        return False
    if not isinstance(passage, ast.AST):
        return node == passage
    left_out = ANNOTATIONS | BELOW if getattr(passage, "body", None) == [] else ANNOTATIONS
    fields = [field for field in passage._fields if field not in left_out]
    return all(same(getattr(node, field, None), getattr(passage, field, None)) for field in fields)


def without_annotation(node):
    """An assignment for one that is annotated, everything else as it is."""
    if isinstance(node, ast.AnnAssign) and node.value:
        return ast.Assign(targets=[node.target], value=node.value)
    return node
