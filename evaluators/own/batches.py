"""A user's examples, samplers and losses as the engines take them: arrays, and pure functions.

A sampler is asked in advance: its batches are the examples, a step takes one of them, and a run of
the stated horizon meets none twice, unless they would take more than `MOST_BYTES`. So its draws
are compiled nowhere, and it may be written in numpy.
"""

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, UInt32

from evaluators.own.origin import Origin
from evaluators.tasks._examples import Index, rows
from evaluators.training.checkpoints import last_step

HELD_OUT = 16
"""Batches of a sampler that are kept for validation."""
MOST_BYTES = 2**28
"""Bytes that the batches of a sampler may take; there are fewer of them where they are large."""
_INT32 = np.iinfo(np.int32)
_SPREAD = 2654435761
"""An odd number near 2^32 over the golden ratio: its multiples lie far apart (Knuth, The Art of
Computer Programming, volume 3, 6.4)."""
EVERY = 5
"""Of examples every fifth is for validation, from the first."""


def arrays(origin: Origin, argument: str, given: Any) -> Any:
    """A user's tree of examples as numpy arrays: floats of 4 bytes, integers of at most 4."""

    def one(path: Any, leaf: Any) -> np.ndarray:
        with origin.calling(argument):
            array = np.asarray(leaf)
        name = jax.tree_util.keystr(path)
        if array.dtype.kind not in "fiub":
            origin.fault(
                argument,
                f"`{argument}{name}` holds values of type {array.dtype}",
                "examples are arrays of numbers",
            )
        if array.dtype.kind == "f" and array.dtype != np.float32:
            array = array.astype(np.float32)
        if array.dtype.kind in "iu" and array.dtype.itemsize > 4:
            far = array[(array < _INT32.min) | (array > _INT32.max)]
            if far.size:
                origin.fault(
                    argument,
                    f"`{argument}{name}` holds {far[0]}, and integers are of 4 bytes here",
                    f"give numbers from {_INT32.min} to {_INT32.max}, or floats",
                )
            array = array.astype(np.int32)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = int((~np.isfinite(array)).sum())
            origin.fault(
                argument,
                f"`{argument}{name}` holds {bad} of {array.size} values that are NaN or infinite",
                "leave such examples out, or fill them in",
            )
        return np.array(array)  # a copy, which may be made read-only

    return jax.tree_util.tree_map_with_path(one, given)


def checked(origin: Origin, argument: str, tree: Any) -> int:
    """The number of examples of a tree; TaskFault if its arrays differ in it, or it has none."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    lengths = {jax.tree_util.keystr(path): leaf.shape[:1] for path, leaf in leaves}
    found = {shape for shape in lengths.values()}
    if len(found) != 1 or found in ({()}, {(0,)}):
        met = ", ".join(f"{argument}{name} {list(shape)}" for name, shape in lengths.items())
        wrong = "differ" if len(found) > 1 else "is empty" if found == {(0,)} else "is missing"
        origin.fault(
            argument,
            f"examples lie along the first axis of every array, which {wrong} here: {met}"
            if leaves
            else f"`{argument}` holds no array",
            "give arrays of the same first length, at least 1",
        )
    return next(iter(found))[0]


def split(origin: Origin, argument: str, tree: Any) -> tuple[Any, Any]:
    """Examples for training and for validation."""
    if checked(origin, argument, tree) < EVERY:
        origin.fault(
            argument,
            f"there are fewer than {EVERY} examples, of which every {EVERY}th is for validation",
            "give more, or held-out ones as `validation=`",
        )
    (first, *_) = jax.tree.leaves(tree)
    held_out = np.arange(len(first)) % EVERY == 0
    return jax.tree.map(lambda a: a[~held_out], tree), jax.tree.map(lambda a: a[held_out], tree)


def drawn(origin: Origin, sampler: Callable[..., Any], horizon: int) -> tuple[Any, Any]:
    """Batches of a sampler, stacked: those for the steps of a run, and those for validation."""
    keys = jax.random.split(jax.random.PRNGKey(0), HELD_OUT + last_step(horizon))
    first = one_batch(origin, sampler, keys[0])
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(first))
    keys = keys[: max(HELD_OUT + 1, MOST_BYTES // max(size, 1))]
    batches = [first, *(one_batch(origin, sampler, key) for key in keys[1:])]
    shapes = {str(jax.tree.map(lambda leaf: leaf.shape, batch)) for batch in batches}
    if len(shapes) > 1:
        met = " and ".join(sorted(shapes)[:2])
        origin.fault(
            "sampler",
            f"the batches of two keys differ in shape: {met}",
            "let the key decide about values alone",
            at=sampler,
        )
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *batches)
    held_out = jax.tree.map(lambda leaf: leaf[:HELD_OUT], stacked)
    return jax.tree.map(lambda leaf: leaf[HELD_OUT:], stacked), held_out


def one_batch(origin: Origin, sampler: Callable[..., Any], key: UInt32[Array, "2"]) -> Any:
    """The batch of a key, as numpy arrays."""
    with origin.calling("sampler", sampler):
        batch = sampler(key)
    return arrays(origin, "sampler", batch)


def over_batches(
    loss: Callable[[Any, Any], Float[Array, ""]], params: Any, batches: Any
) -> Float[Array, ""]:
    """The mean of a loss over stacked batches."""
    count = len(jax.tree.leaves(batches)[0])
    if count == 1:
        return loss(params, jax.tree.map(lambda leaf: leaf[0], batches))
    return jnp.mean(jax.lax.map(lambda batch: loss(params, batch), batches))


def takes_key(function: Any) -> bool:
    """True for a user's function with a parameter `key` behind parameters and batch, for draws of
    its own such as dropout."""
    try:
        taken = inspect.signature(function).parameters
    except (TypeError, ValueError):  # built in: nothing is known of it
        return False
    return "key" in taken and (
        taken["key"].kind is inspect.Parameter.KEYWORD_ONLY or "key" in list(taken)[2:]
    )


def key_of(index: Index) -> UInt32[Array, "2"]:
    """A key that the examples of a step and their order decide, so that a step, or a part of its
    batch, that is computed again draws the same."""
    places = np.arange(1, 2 * index.shape[0], 2, dtype=np.uint32) * np.uint32(_SPREAD)
    return jax.random.PRNGKey(jnp.sum((index.astype(np.uint32) + 1) * places, dtype=np.uint32))


def keyed_rows(train: Any, index: Index) -> tuple[Any, UInt32[Array, "2"]]:
    """The examples of a step, and its key."""
    return rows(train, index), key_of(index)


def arity(origin: Origin, argument: str, function: Any, allowed: tuple[int, ...]) -> int:
    """The number of arguments that a user's function takes by place, without `key` and those that
    it may be called without; TaskFault for another number, in the words that say what it is
    given."""
    if not callable(function):
        met = f"`{argument}` is {type(function).__name__}, not a function"
        origin.fault(argument, met, _GIVEN[argument])
    try:
        taken = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # built in: nothing is known of it
        return allowed[-1]
    keyed = {"key": None} if takes_key(function) else {}
    any_number = any(each.kind is each.VAR_POSITIONAL for each in taken)
    for count in reversed(allowed) if any_number else allowed:
        try:
            inspect.signature(function).bind(*range(count), **keyed)
            return count
        except TypeError:
            continue
    met = f"`{argument}` takes {inspect.signature(function)}"
    origin.fault(argument, met, _GIVEN[argument], at=function)


_GIVEN = {
    "loss": "with `examples` or a `sampler` it is called with (params, batch), and with a key of "
    "jax.random if it has a parameter `key`; without them with (params)",
    "validation_loss": "it is called with (params, held-out examples), or with (params) alone",
    "sampler": "it is called with a key of jax.random, and gives a batch",
    "model": "it is called with (params, inputs), and gives outputs; a model that draws at random, "
    "as by dropout, is for `task`, whose loss may have a parameter `key`",
}
