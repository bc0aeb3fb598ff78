"""Exported files of a rule of one primitive take the steps of the interpreter, in float64."""

import importlib
import importlib.util
from typing import Any

import numpy as np
from jaxtyping import Shaped

from dsl.checks.fault import Fault, compare, said
from dsl.checks.meaning import SHAPES
from dsl.export import to_latex, to_optax_source, to_torch_source
from dsl.export.facts import Facts
from dsl.export.names import camel_case, safe
from dsl.language.registry import Primitive
from dsl.language.sources import LOSS
from dsl.lazy import jax, jnp
from dsl.program import Program
from dsl.run.fingerprint import Polynomial
from dsl.run.interpret import run_step
from dsl.run.values import initial

_RTOL, _ATOL = 1e-8, 1e-10
_CURVATURE = 0.7
Leaves = list[Shaped[np.ndarray, "..."]]


def torch_is_there() -> bool:
    """True if PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def check_formula(primitive: Primitive, program: Program) -> None:
    """Fault unless a rule that applies the primitive has equations."""
    try:
        to_latex(program)
    except (KeyError, IndexError, ValueError) as error:
        raise Fault(f"the formula of {primitive.name} cannot be filled in: {error!r}") from None


def check_files(primitive: Primitive, program: Program) -> None:
    """Hold the Optax file, and the PyTorch file where PyTorch is, to the interpreter.

    An oracle asks the loss sum(0.35 w^2 + w^4 / 4); the gradients are those of a fixed stream. A
    vector's matrix, which has many bases of eigenvectors, is left out.

    **Raises:** Fault for a file that cannot be made or raises an error, or takes another step.
    """
    matrices = any(init.kind.many for init in program.slots.values())
    shapes = [shape for shape in SHAPES if len(shape) != 1 or not matrices]
    w = [np.random.default_rng(2).normal(size=shape) for shape in shapes]
    rng = np.random.default_rng(5)
    stream = [[np.asarray(rng.normal(size=shape)) for shape in shapes] for _ in range(3)]
    wanted = _interpreted(program, w, stream)
    hosts = {"Optax": _by_optax} | ({"PyTorch": _by_torch} if torch_is_there() else {})
    for host, walk in hosts.items():
        try:
            met = walk(program, w, stream)
        except Exception as error:
            raise Fault(
                f"the {host} file of a rule with {primitive.name} raises {said(error)}"
            ) from None
        for time, (mine, theirs) in enumerate(zip(wanted, met, strict=True), 1):
            where = f"the {host} file of a rule with {primitive.name} parts at step {time}"
            for x, y in zip(mine, theirs, strict=True):
                compare(np.asarray(y), x, where, rtol=_RTOL, atol=_ATOL)


def askable(primitive: Primitive) -> bool:
    """True if `check_files` can answer what the primitive asks: nothing, or the loss."""
    return not primitive.draws and primitive.asks in (None, LOSS)


def _interpreted(program: Program, w: Leaves, stream: list[Leaves]) -> list[Leaves]:
    slots = {name: initial(init, w, np) for name, init in program.slots.items()}
    found = []
    for t, grads in enumerate(stream, 1):
        step = Polynomial(w, curvature=_CURVATURE, t=t)
        given = {"w": w, "g": grads, "t": np.float64(t), **program.hyperparameters}
        moves, slots = run_step(program, given, slots, step, np)
        found.append([np.asarray(move, float) for move in moves])
    return found


def _by_optax(program: Program, w: Leaves, stream: list[Leaves]) -> list[Leaves]:
    make = _names_of(to_optax_source(program))[safe(program.name)]

    def loss(leaves: Any) -> Any:
        parts = (_CURVATURE * leaf**2 / 2 + leaf**4 / 4 for leaf in jax.tree.leaves(leaves))
        return sum(jnp.sum(part) for part in parts)

    with jax.enable_x64(True):
        leaves, optimizer, found = [jnp.asarray(leaf) for leaf in w], make(), []
        state = optimizer.init(leaves)
        for grads in stream:
            given = [jnp.asarray(leaf) for leaf in grads]
            ask = {"value": loss(leaves), "value_fn": loss} if Facts.of(program).oracles else {}
            moves, state = optimizer.update(given, state, leaves, **ask)
            found.append([np.asarray(-move) for move in moves])
    return found


def _by_torch(program: Program, w: Leaves, stream: list[Leaves]) -> list[Leaves]:
    torch: Any = importlib.import_module("torch")  # where it is: the language does without
    make = _names_of(to_torch_source(program))[camel_case(program)]
    params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in w]
    optimizer = make(params)

    def closure() -> Any:
        parts = [_CURVATURE * p**2 / 2 + p**4 / 4 for p in params]
        return sum(torch.sum(part) for part in parts)

    found = []
    for grads in stream:
        for p, g in zip(params, grads, strict=True):
            p.grad = torch.tensor(g)
        optimizer.step(closure)
        moves = [x - p.detach().numpy() for p, x in zip(params, w, strict=True)]
        found.append([*map(np.asarray, moves)])
        with torch.no_grad():
            for p, x in zip(params, w, strict=True):
                p.copy_(torch.tensor(x))
    return found


def _names_of(source: str) -> dict[str, Any]:
    """The names of an exported file, run where nothing else is."""
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), namespace)
    return namespace
