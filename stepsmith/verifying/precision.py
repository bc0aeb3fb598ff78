"""Another optimizer with the precision of the parameters wherever it computes in less.

Where it then takes the path of a rule that it left before, its precision is what set them apart.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Literal

_NARROW = ("bfloat16", "float16", "float32")
"""The types of numbers that may be replaced, the coarsest first."""

_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "checkpoint")
"""The primitives of JAX that hold a function which is looked into."""


class Widening:
    """Replaces narrow types by `dtype`; `met` says which were there."""

    def __init__(self, dtype: str):
        self.dtype = dtype
        self.narrow = _NARROW[: _NARROW.index(dtype)] if dtype in _NARROW else _NARROW
        self.met: set[str] = set()

    @property
    def coarsest(self) -> str | None:
        """The coarsest type that was replaced; None if there was none."""
        return next((name for name in _NARROW if name in self.met), None)

    def replaces(self, dtype: Any) -> bool:
        """True for a narrow type, of JAX or PyTorch, which is then noted."""
        name = str(dtype).removeprefix("torch.")
        if name not in self.narrow:
            return False
        self.met.add(name)
        return True

    def torch(self) -> AbstractContextManager[None]:
        """The context in which PyTorch computes in the wider type."""
        return _torch_context(self)

    def jax(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that computes in the wider type, loops aside."""

        def run(*args: Any) -> Any:
            closed, shape = jax.make_jaxpr(function, return_shape=True)(*args)
            made = _evaluated(self, closed.jaxpr, closed.consts, *jax.tree.leaves(args))
            return jax.tree.unflatten(jax.tree.structure(shape), made)

        return run

    def wide(self, value: Any) -> Any:
        """An array of JAX in the wider type."""
        dtype = getattr(value, "dtype", None)
        return value.astype(self.dtype) if self.replaces(dtype) else value


def _evaluated(widening: Widening, jaxpr: Any, consts: Any, *args: Any) -> list[Any]:
    """The values of a jaxpr, equation by equation."""
    values: dict[Any, Any] = {}

    def read(each: Any) -> Any:
        return each.val if isinstance(each, Literal) else values[each]

    values.update(zip(jaxpr.constvars, map(widening.wide, consts), strict=True))
    values.update(zip(jaxpr.invars, map(widening.wide, args), strict=True))
    for equation in jaxpr.eqns:
        given = [read(each) for each in equation.invars]
        made = _applied(widening, equation, given)
        values.update(zip(equation.outvars, map(widening.wide, made), strict=True))
    return [read(each) for each in jaxpr.outvars]


def _applied(widening: Widening, equation: Any, given: list[Any]) -> list[Any]:
    name, params = equation.primitive.name, dict(equation.params)
    if name in _CALLS:
        inner = params.get("jaxpr", params.get("call_jaxpr"))
        return _evaluated(
            widening, getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), *given
        )
    if name == "cond":
        branches = [
            partial(_evaluated, widening, each.jaxpr, each.consts) for each in params["branches"]
        ]
        return jax.lax.switch(given[0], branches, *given[1:])
    if any(key.endswith("jaxpr") for key in params):  # a loop carries the types that it has
        types = [getattr(each.aval, "dtype", None) for each in equation.invars]
        given = [
            jnp.asarray(value, dtype) if widening.replaces(dtype) else value
            for value, dtype in zip(given, types, strict=True)
        ]
    else:
        given = [widening.wide(value) for value in given]
        for key in ("new_dtype", "dtype", "preferred_element_type"):
            if widening.replaces(params.get(key)):
                params[key] = jnp.dtype(widening.dtype)
    made = equation.primitive.bind(*given, **params)
    return made if equation.primitive.multiple_results else [made]


@contextmanager
def _torch_context(widening: Widening) -> Iterator[None]:
    torch = importlib.import_module("torch")
    modes = importlib.import_module("torch.utils._python_dispatch")
    wide = getattr(torch, widening.dtype)

    casts = {torch.Tensor.float: "float32", torch.Tensor.half: "float16"}
    casts[torch.Tensor.bfloat16] = "bfloat16"

    def widened(value: Any) -> Any:
        return wide if isinstance(value, torch.dtype) and widening.replaces(value) else value

    class WiderCalls(torch.overrides.TorchFunctionMode):
        """Asks for the wider type where a narrow one is asked for."""

        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func in casts and widening.replaces(casts[func]):
                return args[0].to(wide)
            given = {name: widened(value) for name, value in (kwargs or {}).items()}
            return func(*map(widened, args), **given)

    class WiderTensors(modes.TorchDispatchMode):
        """The same for what functions of PyTorch ask for inside."""

        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            given = {name: widened(value) for name, value in (kwargs or {}).items()}
            return func(*args, **given)

    before = torch.get_default_dtype()
    if before != wide:
        widening.replaces(before)
    torch.set_default_dtype(wide)
    try:
        with WiderCalls(), WiderTensors():
            yield
    finally:
        torch.set_default_dtype(before)
