"""The functions that engines compute in their own way, against NumPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl.machine.namespace import NAMESPACE, OWN

ROUNDINGS = 4
"""In float32. A quotient or a polynomial of five terms rounds about as often."""


def values(name: str) -> np.ndarray:
    """Arguments of all sizes and signs within the domain."""
    rng = np.random.default_rng(0)
    if name in ("arcsin", "arccos"):
        near_one = 1 - np.geomspace(1e-7, 0.5, 200)
        tiny = np.geomspace(1e-30, 0.5, 200)
        spread = np.concatenate([near_one, tiny, rng.uniform(0, 1, 2000), [1, 0]])
    elif name in ("sinh", "cosh", "expm1"):
        largest = 88 if name == "expm1" else 89
        spread = np.concatenate([np.geomspace(1e-30, largest, 3000), [0]])
    elif name in ("sin", "cos", "tan"):
        zeros = np.arange(1, 5000) * np.pi / 2
        spread = np.concatenate([np.geomspace(1e-30, 8e3, 3000), zeros, [0]])
    else:
        spread = np.concatenate([np.geomspace(1e-30, 1e30, 3000), rng.uniform(0, 5, 2000), [0]])
    return np.concatenate([spread, -spread]).astype(np.float32)


@pytest.mark.parametrize("name", OWN)
def test_a_function_of_the_engines_agrees_with_numpy_to_a_few_roundings(name):
    x = values(name)
    wanted = getattr(np, name)(x.astype(np.float64))
    met = np.asarray(jax.jit(getattr(NAMESPACE, name))(x))
    assert met.dtype == np.float32
    rounding = np.spacing(np.abs(wanted).astype(np.float32))
    np.testing.assert_array_less(np.abs(met - wanted), ROUNDINGS * rounding + 1e-38)


@pytest.mark.parametrize("name", OWN)
def test_what_is_no_plain_number_is_treated_as_numpy_does(name):
    x = np.asarray([np.inf, -np.inf, np.nan, 2.0, -2.0, 0.0, -0.0], np.float32)
    with np.errstate(invalid="ignore"):
        wanted = getattr(np, name)(x)
    met = np.asarray(jax.jit(getattr(NAMESPACE, name))(x))
    np.testing.assert_allclose(met, wanted, rtol=1e-6)
    assert np.array_equal(np.signbit(met[5:]), np.signbit(wanted[5:]))


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_large_angles_are_left_to_jax(name):
    x = np.asarray([1.0, 1e5, -3e38], np.float32)
    met = np.asarray(jax.jit(getattr(NAMESPACE, name))(x))
    assert np.array_equal(met, jax.jit(getattr(jnp, name))(x))


@pytest.mark.parametrize("name", OWN)
def test_float64_keeps_its_precision(name):
    x = values(name)[::37].astype(np.float64)
    with jax.enable_x64():
        met = np.asarray(jax.jit(getattr(NAMESPACE, name))(x))
    np.testing.assert_allclose(met, getattr(np, name)(x), rtol=1e-14)
