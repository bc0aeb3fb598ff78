"""Rules of one primitive alone, to run and to export."""

from dsl.language.initialisers import INITIALISERS, Init, Initialiser
from dsl.language.kinds import Kind, lifts, plain
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Program
from dsl.program.parse import parse


def start_of(kind: Kind, rule: Initialiser | None = None) -> Init:
    """A use of an initialiser of a kind, the first or this one."""
    if rule is None:
        rule = next(rule for rule in INITIALISERS.values() if rule.kind is kind.declared)
    return Init(rule.name, (2.0,) * rule.arity)


def renewed(name: str, kind: Kind) -> str:
    """The text of another value for a slot of a kind, made of the slot and of the gradient."""
    if lifts(Kind.TENSOR, kind):
        return f"{name} + g"
    for maker in PRIMITIVES.values():
        params, made = maker.signature.params, maker.signature.result
        if params == (Kind.TENSOR,) and made is kind.declared:
            return f"{name} + {maker.name}(g)"
        if params == (kind.declared, Kind.TENSOR) and made is kind.declared:
            return f"{maker.name}({name}, g)"
    return f"{name} + norm(g)" if lifts(Kind.SCALAR, kind) else name


def tensor_of(value: str, kind: Kind | None) -> str:
    """The text of a Tensor made of a value of a kind, by a primitive if it does not lift to one."""
    if kind is None or lifts(kind, Kind.TENSOR):
        return value
    makers = [p for p in PRIMITIVES.values() if p.signature.result is Kind.TENSOR]
    makers += [p for p in PRIMITIVES.values() if p.signature.result is Kind.SCALAR]
    for reader in makers:
        params = [param or Kind.TENSOR for param in reader.signature.params]
        others = [param for param in params if not lifts(kind, param)]
        readable = all(lifts(Kind.TENSOR, p) or lifts(Kind.GLOBAL, p) for p in others)
        if len(others) < len(params) and readable:
            spare = {p: "g" if lifts(Kind.TENSOR, p) else "1" for p in others}
            return f"{reader.name}({', '.join(spare.get(p, value) for p in params)})"
    raise AssertionError(f"no primitive makes a Tensor of a {kind} alone")


def one_primitive(primitive: Primitive, *, numbers: bool = False) -> Program | None:
    """A program that returns one primitive of its last gradients and of hyperparameters, and of
    slots of kinds that do not lift to a Tensor, which go on from step to step.

    With `numbers` of numbers alone, times the gradient; None if the primitive takes no numbers.
    """
    if numbers and None not in primitive.signature.params:
        return None
    tensors, globals_ = ["g", "m", "n"], ["a", "b", "c", "d"]
    args, slots, renewals = [], ["m=zeros", "n=zeros"], ""
    for kind in primitive.signature.params:
        if kind is not None and not plain(kind):
            args.append(f"h{len(slots)}")
            start = start_of(kind)
            slots.append(f"{args[-1]}={start}")
            renewals += f"    {args[-1]} = {renewed(args[-1], start.kind)}\n"
        elif kind is Kind.SCALAR:
            args.append(f"norm({tensors.pop(0)})")
        else:
            args.append((globals_ if numbers or kind is Kind.GLOBAL else tensors).pop(0))
    if primitive.draws:
        args[-1] = "1"
    made = tensor_of(f"{primitive.name}({', '.join(args)})", primitive.signature.result)
    return parse(f"""
def one_{primitive.name}(w, g, {", ".join(slots)}, *, a=0.5, b=2, c=3, d=1.5):
    u = {made}
    n = m
    m = g
{renewals}    return u{" + 0 * g" if numbers else ""}
""")
