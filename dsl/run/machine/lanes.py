"""Lanes: the runs that go side by side under one program, rates within seeds.

Lane `s * rates + r` trains from seed `s` at rate `r`. The batch and the noise belong to the seed,
so what is computed from them alone is computed once for all its rates.
"""

from collections.abc import Callable
from typing import Any

import jax


def over_lanes(function: Callable[[Any, Any], Any], shared: Any, own: Any) -> Any:
    """`function(shared, own)` of every lane.

    **Arguments:** `shared`: a tree of arrays [seeds, ...]; without any, each lane is a seed. `own`:
    a tree of arrays [lanes, ...]. **Returns:** arrays [lanes, ...].
    """
    of_seeds, of_lanes = jax.tree.leaves(shared), jax.tree.leaves(own)
    if all(len(leaf) == 1 for leaf in (*of_seeds, *of_lanes)):  # products of plain matrices
        shared, own = jax.tree.map(lambda leaf: leaf[0], (shared, own))
        return jax.tree.map(lambda leaf: leaf[None], function(shared, own))
    if not of_seeds:
        return jax.vmap(lambda own: function(shared, own))(own)
    seeds, lanes = len(of_seeds[0]), len(of_lanes[0])
    if seeds == lanes:
        return jax.vmap(function)(shared, own)
    by_seed = jax.tree.map(lambda leaf: leaf.reshape(seeds, -1, *leaf.shape[1:]), own)
    made = jax.vmap(jax.vmap(function, (None, 0)))(shared, by_seed)
    return jax.tree.map(lambda leaf: leaf.reshape(lanes, *leaf.shape[2:]), made)
