"""The functions that engines compute in their own way, against NumPy in float64."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl.run.namespace import NAMESPACE, OWN

OF_ONE = [name for name in OWN if name != "power"]

PI = Fraction(
    "3.1415926535897932384626433832795028841971693993751"
    "0582097494459230781640628620899862803482534211706798"
)

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


@pytest.mark.parametrize("name", OF_ONE)
def test_a_function_of_the_engines_agrees_with_numpy_to_a_few_roundings(name):
    x = values(name)
    wanted = getattr(np, name)(x.astype(np.float64))
    met = np.asarray(jax.jit(getattr(NAMESPACE, name))(x))
    assert met.dtype == np.float32
    rounding = np.spacing(np.abs(wanted).astype(np.float32))
    np.testing.assert_array_less(np.abs(met - wanted), ROUNDINGS * rounding + 1e-38)


@pytest.mark.parametrize("name", OF_ONE)
def test_what_is_no_plain_number_is_treated_as_numpy_does(name):
    x = np.asarray([np.inf, -np.inf, np.nan, 2.0, -2.0, 0.0, -0.0], np.float32)
    with np.errstate(invalid="ignore"):
        wanted = getattr(np, name)(x)
    met = np.asarray(jax.jit(getattr(NAMESPACE, name))(x))
    np.testing.assert_allclose(met, wanted, rtol=1e-6)
    assert np.array_equal(np.signbit(met[5:]), np.signbit(wanted[5:]))


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_large_angles_are_known_to_a_rounding_of_an_angle_near_zero(name):
    rng = np.random.default_rng(0)
    spread = np.exp(rng.uniform(np.log(8192), np.log(3.4e38), 1000)).astype(np.float32)
    x = np.concatenate([spread, -spread, np.float32([8192, 3.4028235e38, 1.0, -0.0])])
    wanted = getattr(np, name)([float(Fraction(float(at)) % (2 * PI)) for at in x])
    met = np.asarray(jax.jit(getattr(NAMESPACE, name))(x))
    steep = 1 + (wanted**2 if name == "tan" else 0)
    np.testing.assert_array_less(np.abs(met - wanted) / steep, 4e-7)


def test_powers_agree_with_numpy_to_two_roundings():
    rng, count = np.random.default_rng(0), 20_000
    x = [np.exp(rng.uniform(-87, 88, count)), rng.uniform(0, 2, count)]
    x.append(1 + 1e-3 * rng.normal(size=count))
    y = [rng.normal(size=count) * np.exp(rng.uniform(-6, 3, count)), 3 * rng.normal(size=count)]
    y.append(1e4 * rng.normal(size=count))
    x, y = (np.concatenate(parts).astype(np.float32) for parts in (x, y))
    with np.errstate(over="ignore"):
        wanted = np.power(x.astype(np.float64), y)
    met = np.asarray(jax.jit(NAMESPACE.power)(x, y))
    plain = (wanted > 2e-38) & (wanted < 3.4e38)
    assert 0.5 < plain.mean() < 1
    rounding = np.spacing(wanted[plain].astype(np.float32))
    np.testing.assert_array_less(np.abs(met[plain] - wanted[plain]), 2 * rounding)
    assert np.isinf(met[wanted > 3.5e38]).all()
    assert not met[wanted < 1e-46].any()


def test_powers_of_what_is_no_plain_number_are_those_of_numpy():
    sizes = [0.0, 1.0, 2.0, 0.5, 3.0, np.inf, np.nan, 1e30, 1e-30, 2.5, 1e9]
    sizes = np.asarray([*sizes, *(-size for size in sizes)], np.float32)
    x, y = (each.ravel() for each in np.meshgrid(sizes, sizes))
    with np.errstate(all="ignore"):
        wanted = np.power(x, y)
    met = np.asarray(jax.jit(NAMESPACE.power)(x, y))
    np.testing.assert_allclose(met, wanted, rtol=1e-6)
    known = ~np.isnan(wanted)
    assert np.array_equal(np.signbit(met[known]), np.signbit(wanted[known]))


def test_numbers_are_left_to_jax():
    for name in OF_ONE:
        met = jax.jit(getattr(NAMESPACE, name))(np.float32(0.3))
        assert met == jax.jit(getattr(jnp, name))(np.float32(0.3))
    assert jax.jit(NAMESPACE.power)(0.999, np.float32(7)) == jax.jit(jnp.power)(
        0.999, np.float32(7)
    )


@pytest.mark.parametrize("name", OF_ONE)
def test_float64_keeps_its_precision(name):
    x = values(name)[::37].astype(np.float64)
    with jax.enable_x64():
        met = np.asarray(jax.jit(getattr(NAMESPACE, name))(x))
    np.testing.assert_allclose(met, getattr(np, name)(x), rtol=1e-14)
