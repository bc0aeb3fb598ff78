"""Values written over tensors that nothing reads any more: `d = last.neg_().add_(g)`.

A line that makes a new tensor of one that is dead after it uses the storage of that one, be it a
value of an earlier line or a slot that is overwritten at the end. So a step holds fewer tensors
at once. What cannot be written over takes the name of the value that is dead after it, which frees
that: `u = _newton_schulz(u, a, b, c)`.
"""

import ast
from collections.abc import Collection, Sequence
from dataclasses import replace

from dsl.export.expressions import fill, names_in
from dsl.export.torch.calls import METHODS, ONE, base_of, is_name, method, scaled
from dsl.export.torch.inplace import CodeLine
from dsl.export.torch.known import NEW, UNARY
from dsl.export.torch.stacks import maps
from dsl.export.torch.sums import negated

_MADE = {"add", "sub", "lerp", "addcmul", "addcdiv"}
"""Methods and functions that make a tensor of their own and have a form in place."""

_CHAINED = {f"{name}_" for name in {*UNARY, *_MADE, "mul", "div", "pow", "neg", "copy"}}
"""Methods in place."""

_ELEMENTWISE = {*_CHAINED, *_MADE, *UNARY, *NEW}
"""Functions and methods that look into no tensor and keep none."""


def in_dead_storage(
    lines: Sequence[CodeLine],
    tensors: Collection[str],
    slots: Collection[str],
    functions: Collection[str] = (),
) -> list[CodeLine]:
    """The lines, which end a step, with values written over tensors that nothing reads any more.

    **Arguments:** `tensors`: the names of those in the shape of the parameter. `slots`: the names
    of those that are kept. One of them may be written over if the last line about it is a `copy_`
    that overwrites it. `functions`: those of the file that make tensors of their own.
    """
    made, ends = list(lines), _ends(lines, slots)
    free: set[str | None] = {*ends}
    for line in lines:
        if line.label in tensors and (_is_new(line.value) or maps(line.value, functions)):
            free.add(line.label)
    free -= {name for line in lines for name in _escaping(line, functions)}
    held: dict[str, str] = {}
    for at, line in enumerate(lines):
        label = line.label
        if label is None or label not in tensors or not _is_new(line.value):
            continue
        for name in dict.fromkeys(names_in(line.value)):
            slot = held.get(name, name if name in ends else None)
            last = ends[slot] if slot is not None else len(lines)
            dead = not _read(lines[at + 1 : last], name) and not _read(lines[last + 1 :], name)
            if name not in free or not dead or (slot and _read(lines[last:], label)):
                continue
            over = _over(line.value, name)
            if over is not None:
                made[at] = replace(line, value=over)
                free.discard(name)
                if slot is not None:
                    held[label] = slot
                break
    return made


def under_one_name(
    lines: Sequence[CodeLine],
    given: Collection[str],
    tensors: Collection[str],
    functions: Collection[str],
) -> list[CodeLine]:
    """The lines with one name for what a function of the file makes, what that is made of, and what
    is made of it in place, where nothing reads the one after the other is made.

    **Arguments:** `given`: names that an author gave, which stand for one thing.
    """
    made, joined = list(lines), set[str]()
    for at in reversed(range(len(made))):
        label, value = made[at].label, made[at].value
        if label is None or label not in tensors or any(each.label == label for each in made[:at]):
            continue
        of = {*names_in(value)} & {*tensors} - {"w"}
        name = of.pop() if len(of) == 1 else ""
        before = next((each for each in made[:at] if each.label == name), None)
        if before is None or _read(made[at + 1 :], name):
            continue
        if name not in given and (maps(value, functions) or label in joined):
            made[: at + 1] = [_renamed(each, name, label) for each in made[: at + 1]]
            joined.add(label)
        elif label not in given and maps(before.value, functions) and is_name(base_of(value), name):
            made[at:] = [_renamed(each, label, name) for each in made[at:]]
    return made


def _renamed(line: CodeLine, old: str, new: str) -> CodeLine:
    label = new if line.label == old else line.label
    value = fill(line.value, {old: ast.Name(new)})
    changes = label is not None and is_name(base_of(value), label) and isinstance(value, ast.Call)
    return replace(line, label=None if changes else label, value=value)


def _ends(lines: Sequence[CodeLine], slots: Collection[str]) -> dict[str, int]:
    """The lines that overwrite slots which nothing else changes."""
    ends: dict[str, int] = {}
    for at, line in enumerate(lines):
        match line.value:
            case ast.Call(ast.Attribute(ast.Name(id), "copy_"), [value]) if id in slots:
                if id not in names_in(value):
                    ends[id] = at
    changed = {base_of(line.value) for at, line in enumerate(lines) if at not in ends.values()}
    named = {node.id for node in changed if isinstance(node, ast.Name)}
    return {slot: at for slot, at in ends.items() if slot not in named}


def _read(lines: Sequence[CodeLine], name: str) -> bool:
    return any(name in names_in(line.value) for line in lines)


def _is_new(value: ast.expr) -> bool:
    """True if a value is a tensor of its own."""
    match base_of(value):
        case ast.BinOp() | ast.UnaryOp():
            return True
        case ast.Call(ast.Attribute(_, name)):
            return name in _MADE | UNARY | NEW
    return False


def _escaping(line: CodeLine, functions: Collection[str]) -> set[str]:
    """The tensors that a line may keep under another name."""
    if maps(line.value, functions):
        return set()
    return {line.value.id} if isinstance(line.value, ast.Name) else _kept(line.value)


def _kept(node: ast.AST) -> set[str]:
    """The tensors that an expression hands to what may keep them, or takes apart."""
    match node:
        case ast.Call(ast.Attribute(of, name), args) if name in _ELEMENTWISE:
            return {each for part in (of, *args) for each in _kept(part)}
        case ast.Call() | ast.ListComp() | ast.Subscript() | ast.Attribute():
            return {*names_in(node)}
    return {each for part in ast.iter_child_nodes(node) for each in _kept(part)}


def _over(value: ast.expr, name: str) -> ast.expr | None:
    """A value, which reads `name` once, with the tensor that it begins with made in its storage;
    None if there is no such form."""
    if names_in(value).count(name) != 1:
        return None
    base = base_of(value)
    made = _in_place(base, name)
    return made if base is value or made is None else _with_base(value, base, made)


def _with_base(value: ast.expr, base: ast.expr, made: ast.expr) -> ast.expr:
    """A chain of calls in place of `made` instead of `base`."""
    if value is base:
        return made
    assert isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)
    inner = _with_base(value.func.value, base, made)
    return ast.Call(ast.Attribute(inner, value.func.attr), value.args, value.keywords)


def _in_place(base: ast.expr, name: str) -> ast.expr | None:
    """The beginning of a value written over `name`; None if it has no such form."""
    target = ast.Name(name)
    match base:
        case ast.BinOp(ast.Name(id), op, other) if id == name and type(op) in METHODS:
            return method(target, METHODS[type(op)], other)
        case ast.BinOp(other, ast.Add() | ast.Mult() as op, ast.Name(id)) if id == name:
            return method(target, METHODS[type(op)], other)
        case ast.BinOp(ast.Name() as other, ast.Sub(), ast.Name(id)) if id == name:
            return method(method(target, "neg_"), "add_", other)
        case ast.UnaryOp(ast.USub(), ast.Name(id)) if id == name:
            return method(target, "neg_")
        case ast.Call(ast.Attribute(ast.Name("torch"), made), [ast.Name(id), *rest], keywords):
            if id == name and made in {*UNARY, "addcmul", "addcdiv"}:
                return ast.Call(ast.Attribute(target, f"{made}_"), rest, keywords)
        case ast.Call(ast.Attribute(ast.Name(id), made), args, keywords) if id == name:
            return ast.Call(ast.Attribute(target, f"{made}_"), args, keywords)
        case ast.Call(ast.Attribute(other, "add" | "sub" as sign), [part], [alpha]):
            scale = alpha.value if sign == "add" else negated(alpha.value)
            if is_name(part, name):
                return method(scaled(target, scale or ONE), "add_", other)
        case ast.Call(ast.Attribute(other, "lerp"), [part, ast.BinOp(_, ast.Sub(), kept)]):
            if is_name(part, name):
                return method(target, "lerp_", other, kept)
    return None
