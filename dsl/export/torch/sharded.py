"""Parameters of which every process holds a part, DTensors as FSDP2 makes them.

What maps entry by entry, and sums over axes, a tensor or the model, are computed of the parts.
Anything else wants whole tensors: a step of such a rule gathers one parameter after another with
what is kept of it, and keeps its own part of the outcome.
"""

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.program import Local, Program


def gathers(program: Program) -> bool:
    """True if a step needs whole tensors of a parameter."""
    made = [program.kind_of(Local(index)) for index in range(len(program.statements))]
    kinds = {*made, *(init.kind for init in program.slots.values())}
    ops = {statement.op for statement in program.statements}
    return not all(map(_aligned, kinds)) or any(_mixes(PRIMITIVES[op]) for op in ops)


def _aligned(kind: Kind) -> bool:
    """True for numbers, and for arrays with the axes of the parameter, some of length 1."""
    if kind.many or kind.shape is None:
        return kind.shape is None
    axes, of = kind.shape((2, 3, 5)), (2, 3, 5)
    return axes == () or (
        len(axes) == 3 and all(n in (1, m) for n, m in zip(axes, of, strict=True))
    )


def _mixes(primitive: Primitive) -> bool:
    """True if a primitive makes entries of a tensor of others than its own."""
    return (
        primitive.scope is Scope.LEAF
        and primitive.signature.result is Kind.TENSOR
        and not primitive.signature.elementwise
    )


def sums(primitive: Primitive, made: Kind) -> bool:
    """True if a primitive sums over some axes of a tensor."""
    whole = primitive.signature.elementwise or made in (Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL)
    return not whole and _aligned(made)


FUNCTIONS = {
    "_whole": '''
def _whole(value: torch.Tensor) -> torch.Tensor:
    """A number, gathered where parameters are sharded."""
    gather = getattr(value, "full_tensor", None)
    return value if gather is None else gather()
''',
    "_sharded_like": '''
def _sharded_like(p: Any, value: torch.Tensor) -> torch.Tensor:
    """A value of the whole parameter, cut as the parameter is where that is sharded."""
    mesh = getattr(p, "device_mesh", None)
    if mesh is None:
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value, mesh, p.placements, src_data_rank=None)
''',
    "_summed": '''
def _summed(value: Any) -> torch.Tensor:
    """A sum along axes, added up where its terms are on several processes."""
    if not any(part.is_partial() for part in getattr(value, "placements", ())):
        return value
    from torch.distributed.tensor import Replicate

    added = [Replicate() if part.is_partial() else part for part in value.placements]
    return value.redistribute(placements=added)
''',
    "_gathered": '''
def _gathered(value: Any) -> Any:
    """A tensor, or each of a list, whole where it is sharded."""
    if isinstance(value, list):
        return [_gathered(each) for each in value]
    gather = getattr(value, "full_tensor", None)
    return value if gather is None else gather()
''',
    "_cut_along": '''
def _cut_along(p: Any, value: Any) -> Any:
    """A tensor, or each of a list, kept with a sharded parameter: cut like that, or by rows."""
    mesh = getattr(p, "device_mesh", None)
    if isinstance(value, list):
        return [_cut_along(p, each) for each in value]
    if mesh is None or value.ndim == 0:
        return value
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    places = [Replicate() if part.is_replicate() else Shard(0) for part in p.placements]
    places = p.placements if value.shape == p.shape else places
    return distribute_tensor(value, mesh, places, src_data_rank=None)
''',
    "_cut_into": '''
def _cut_into(kept: Any, made: Any) -> None:
    """Round a tensor, or each of a list, into what is kept, or into the part that is."""
    if isinstance(kept, list):
        for old, new in zip(kept, made, strict=True):
            _cut_into(old, new)
    elif isinstance(kept, torch.Tensor):
        kept.copy_(_sharded_like(kept, made))
''',
    "_over_processes": '''
def _over_processes(value: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    """The mean of a number over the processes that hold a sharded parameter."""
    mesh: Any = getattr(p, "device_mesh", None)
    if mesh is None:
        return value
    from torch.distributed.tensor import DTensor, Partial

    return DTensor.from_local(value, mesh, [Partial()] * mesh.ndim).full_tensor() / mesh.size()
''',
    "_Fresh": '''
class _Fresh:
    """Around a closure: modules of FSDP2 that it calls gather their parameters anew after it."""

    def __init__(self, groups: list[Any]) -> None:
        self.sharded = any(hasattr(p, "device_mesh") for p in groups[0]["params"])
        self.called: list[Any] = []
        self.hook: Any = None

    def __enter__(self) -> None:
        if self.sharded:
            hooks = torch.nn.modules.module
            self.hook = hooks.register_module_forward_pre_hook(self.see)

    def see(self, module: Any, _: Any) -> None:
        """Note a module that is called."""
        if hasattr(module, "reshard"):
            self.called.append(module)

    def __exit__(self, *_: object) -> None:
        if self.sharded:
            self.hook.remove()
            for module in self.called:
                module.reshard()
''',
}
"""Functions and classes of a file, by name."""
