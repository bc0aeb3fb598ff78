"""A user's tree of parameters as a list of arrays that are trained, and back.

Any tree that JAX knows will do: dictionaries, Flax variables, modules that hold functions and
settings beside their arrays. Arrays of floats are trained; what is no number is held as it is, and
so are numbers that are settings of a module.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Float32

from evaluators.own.memory import available, gigabytes
from evaluators.own.origin import Origin

ARGUMENT = "params"
Leaves = Sequence[Float[Array | np.ndarray, "..."]]


COPIES = 6
"""Arrays of the size of the parameters that a run holds: gradient, momentum and the like."""


class _Held:
    """The place of an array that is trained, in the list of all leaves."""


TRAINED = _Held()


class Template(NamedTuple):
    """A tree without its trained arrays."""

    structure: Any
    held: tuple[Any, ...]
    """Every leaf that is held as it is; `TRAINED` in the places of arrays."""

    def tree(self, leaves: Leaves) -> Any:
        """The tree with these arrays in it."""
        arrays = iter(leaves)
        whole = [next(arrays) if part is TRAINED else part for part in self.held]
        return jax.tree.unflatten(self.structure, whole)


class ParameterTree:
    """Initial parameters as a user gives them: a tree, or a function of a key that makes one."""

    def __init__(self, origin: Origin, given: Any):
        self.origin = origin
        self.given = given
        self.drawn = callable(given) and jax.tree_util.all_leaves([given])
        self.function: Callable[..., Any] | None = given if self.drawn else None

    @functools.cached_property
    def template(self) -> Template:
        """The tree without its arrays; made once, with key 0."""
        return self._taken_apart(self.made(np.random.Generator(np.random.PCG64(0))))[0]

    def init(self, rng: np.random.Generator) -> list[Float32[np.ndarray, "..."]]:
        """Fresh arrays, in the order of the tree.

        **Raises:** TaskFault for a tree that cannot be trained.
        """
        template, leaves = self._taken_apart(self.made(rng))
        if template.structure != self.template.structure:
            self.origin.fault(
                ARGUMENT,
                "the parameters of two keys are trees of different structure",
                "let the key decide about numbers alone",
                at=self.function,
            )
        return leaves

    def tree(self, leaves: Leaves) -> Any:
        """The user's tree with these arrays in it."""
        return self.template.tree(leaves)

    def made(self, rng: np.random.Generator) -> Any:
        """The user's tree of a key that `rng` draws; TaskFault where it would not fit."""
        self._check_fits()
        key = jax.random.PRNGKey(int(rng.integers(2**31)))
        if self.function is None:
            return self.given
        with self.origin.calling(ARGUMENT, self.function):
            return self.function(key)

    def _check_fits(self) -> None:
        free, needed = available(), COPIES * self._bytes
        if free is not None and needed > free:
            self.origin.fault(
                ARGUMENT,
                f"a run needs about {gigabytes(needed)} for its parameters of "
                f"{gigabytes(self._bytes)}, and {gigabytes(free)} of memory are free",
                "make the model smaller: a proxy task is trained thousands of times",
                at=self.function,
            )

    @functools.cached_property
    def _bytes(self) -> int:
        return self.bytes()

    def bytes(self) -> int:
        """Bytes of the trained arrays, found without making them where JAX can."""
        if self.function is None:
            parts = jax.tree.leaves(self.given)
        else:
            try:
                shapes = jax.eval_shape(self.function, jax.random.PRNGKey(0))
                parts = jax.tree.leaves(shapes)
            except Exception:  # made with numpy, or not of arrays alone
                return 0
        return sum(4 * int(np.prod(part.shape)) for part in parts if hasattr(part, "shape"))

    def _taken_apart(self, tree: Any) -> tuple[Template, list[Float32[np.ndarray, "..."]]]:
        paths, structure = jax.tree_util.tree_flatten_with_path(tree)
        leaves, held = [], []
        for path, leaf in paths:
            if self._is_trained(path, leaf):
                held.append(TRAINED)
                leaves.append(np.asarray(leaf, np.float32))
            else:
                held.append(leaf)
        if not leaves:
            self.origin.fault(
                ARGUMENT,
                "there is no array among the parameters",
                "give a dictionary of float arrays, a Flax or Equinox model, or a function of a "
                "key that makes one",
                at=self.function,
            )
        return Template(structure, tuple(held)), leaves

    def _is_trained(self, path: Any, leaf: Any) -> bool:
        """True for an array of floats, or a number that is no setting of a module."""
        plain = isinstance(leaf, bool | int | float | complex)
        setting = bool(path) and isinstance(path[-1], jax.tree_util.GetAttrKey)
        if (plain and setting) or not (plain or hasattr(leaf, "dtype")):
            return False
        kind = np.dtype(type(leaf)) if plain else leaf.dtype
        if jnp.issubdtype(kind, np.floating):
            return True
        name = jax.tree_util.keystr(path)
        self.origin.fault(
            ARGUMENT,
            f"parameter{f' {name}' if name else 's'} of type {kind}: only floats can be trained",
            "make it float32 (`.astype('float32')`), or keep what is not trained out of `params` "
            "and let the loss read it",
            at=self.function,
        )
