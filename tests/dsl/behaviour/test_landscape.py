"""The function behind the probe: its answers are those of one function."""

import numpy as np
import pytest

from dsl.behaviour import probe
from dsl.behaviour.landscape import Landscape
from dsl.behaviour.probe import SHAPES, everyday, steps, tells_tensors_apart
from dsl.language.closed_form import flat, shaped
from dsl.zoo import ZOO
from tests.support.running import calm


@pytest.fixture
def landscape():
    rng = np.random.default_rng(3)
    w, g, curvature = ([rng.random(shape) for shape in SHAPES] for _ in range(3))
    found = Landscape(w, curvature, scale=2.0)
    found.stand(4, w, g, np.float64(1.5))
    return found


def numbers(found, seed):
    """Entries near those of the parameters, and a direction."""
    rng = np.random.default_rng(seed)
    return flat(found.w) + rng.normal(0, 0.5, flat(found.w).shape), rng.normal(
        size=flat(found.w).shape
    )


def test_loss_and_gradient_at_the_parameters_are_those_of_the_step(landscape):
    assert landscape.loss_at(landscape.w) == 1.5
    np.testing.assert_array_equal(flat(landscape.grad_at(landscape.w)), flat(landscape.g))


@pytest.mark.parametrize("seed", range(3))
def test_each_derivative_is_that_of_the_one_before(landscape, seed):
    point, v = numbers(landscape, seed)
    eps = 1e-5

    def along(value):
        there, back = (value(landscape.shaped(point + sign * eps * v)) for sign in (1, -1))
        return (there - back) / (2 * eps)

    slope = flat(landscape.grad_at(landscape.shaped(point))) @ v
    assert along(landscape.loss_at) == pytest.approx(slope, rel=1e-6)
    bend = landscape.hessian_at(landscape.shaped(point)) @ v
    np.testing.assert_allclose(along(lambda p: flat(landscape.grad_at(p))), bend, rtol=1e-6)
    third = landscape.third_at(landscape.shaped(point), landscape.shaped(v), landscape.shaped(v))
    np.testing.assert_allclose(
        along(lambda p: landscape.hessian_at(p) @ v), flat(third), rtol=1e-5, atol=1e-8
    )


def test_the_product_with_the_hessian_is_that_at_the_parameters(landscape):
    _, v = numbers(landscape, 5)
    dense = landscape.hessian_at(landscape.w) @ v
    np.testing.assert_allclose(flat(landscape.hvp(landscape.shaped(v))), dense, rtol=1e-12)


def test_scale_is_that_of_the_whole_function():
    rng = np.random.default_rng(8)
    w, g, curvature = ([rng.random(shape) for shape in SHAPES] for _ in range(3))
    one, ten = Landscape(w, curvature), Landscape(w, curvature, scale=10.0)
    one.stand(0, w, g, np.float64(1))
    ten.stand(0, w, [10 * part for part in g], np.float64(10))
    point = [leaf + 0.3 for leaf in w]
    assert ten.loss_at(point) == pytest.approx(10 * one.loss_at(point))
    np.testing.assert_allclose(flat(ten.grad_at(point)), 10 * flat(one.grad_at(point)))


def test_noise_is_that_of_the_entries_however_they_are_divided(landscape):
    whole = Landscape([flat(landscape.w)], [flat(landscape.curvature)])
    whole.t = landscape.t
    for draw in ("normal", "rademacher"):
        np.testing.assert_array_equal(
            flat(landscape.noise(draw, 2.0)), flat(whole.noise(draw, 2.0))
        )


INDIFFERENT = [name for name, rule in ZOO.items() if not tells_tensors_apart(rule)]


def test_rules_of_entries_and_of_the_whole_model_do_not_tell_tensors_apart():
    for name in ("adam", "lion", "sgd_clipped_by_global_norm", "sam", "sophia_h", "prodigy"):
        assert name in INDIFFERENT
    for name in ("muon", "lars", "adafactor", "sm3", "soap"):
        assert name not in INDIFFERENT


def test_they_step_alike_where_tensors_are_joined(monkeypatch):
    joined = {name: steps(calm(ZOO[name]), everyday()) for name in INDIFFERENT}
    monkeypatch.setattr(probe, "tells_tensors_apart", lambda program: True)
    for name, moves in joined.items():
        apart = steps(calm(ZOO[name]), everyday())
        np.testing.assert_allclose(apart, moves, rtol=1e-6, atol=1e-9, err_msg=name)


def test_the_stream_is_consistent_with_its_shapes():
    stream = everyday()
    assert [g.shape for g in stream.gradients[0]] == list(SHAPES)
    again = shaped(flat(stream.joined.gradients[3]), SHAPES)
    np.testing.assert_array_equal(again[0], stream.gradients[3][0])
