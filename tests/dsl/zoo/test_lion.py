"""The program from which Lion was read off: it goes in, Lion comes out.

Source: "Symbolic Discovery of Optimization Algorithms" (Chen et al. 2023), the raw program of the
appendix, without its clip and arcsin statements.
"""

import numpy as np
import pytest
from hypothesis import given, settings

from dsl import parse, simplify
from dsl.rewrite.liveness import live
from dsl.zoo import ZOO
from tests.support.running import flat, trajectory
from tests.support.strategies import gradient_streams

RAW = """
def raw(w, g, m=zeros, v=zeros, *, lr=1):
    v845 = sqrt(0.6270633339881897)
    v968 = sign(v)
    v968 = v - v
    m = interp(g, v, 0.8999999761581421)
    v1 = m * m
    v = interp(g, m, 1.109133005142212)
    v845 = tanh(v845)
    lr = lr * 0.0002171761734643951
    u = m * lr
    v1 = sqrt(v1)
    u = u / v1
    wd = lr * 0.4601978361606598
    v1 = square(v1)
    wd = wd * w
    m = cosh(u)
    lr = tan(1.4572199583053589)
    u = u + wd
    lr = cos(v845)
    return u
"""
_CLIP = "    g = clip_by_global_norm(g, lr)\n    m = clip_by_global_norm(m, lr)\n"
WHOLE = RAW.replace("    v845 = sqrt", f"{_CLIP}    v845 = sqrt", 1).replace(
    "    m = interp", "    g = arcsin(g)\n    m = interp", 1
)
"""The same with its clip and arcsin statements."""
B1 = 0.8999999761581421
B2 = 0.8999999761581421 * 1.109133005142212


@given(gradient_streams(min_steps=30, max_steps=30))
@settings(max_examples=20)
def test_the_raw_program_is_lion(stream):
    lion = ZOO["lion"].with_hyperparameters(
        lr=0.0002171761734643951, b1=B1, b2=B2, wd=0.4601978361606598
    )
    raw_steps, _ = trajectory(parse(RAW), stream)
    lion_steps, _ = trajectory(lion, stream)
    raw, wanted = flat(raw_steps), flat(lion_steps)
    moving = np.isfinite(raw)  # 0 / 0 where no gradient came yet, where the sign is 0
    np.testing.assert_allclose(raw[moving], wanted[moving], rtol=1e-12, atol=1e-18)
    if all(np.all(leaf != 0) for leaf in stream.gradients[0]):
        assert np.all(moving)


def test_what_does_nothing_goes_away():
    short = simplify(parse(RAW))
    assert str(short) == (
        "def raw(w, g, v=zeros, *, lr=1):\n"
        "    m = interp(g, v, 0.8999999761581421)\n"
        "    v1 = m * m\n"
        "    v = interp(g, m, 1.109133005142212)\n"
        "    lr = lr * 2.171761734643951e-4\n"
        "    u = m * lr\n"
        "    v1 = sqrt(v1)\n"
        "    u = u / v1\n"
        "    wd = lr * 0.4601978361606598\n"
        "    wd = wd * w\n"
        "    u = u + wd\n"
        "    return u"
    )
    assert live(short).statements == tuple(range(len(short.statements)))


def test_two_stacked_averages_are_one():
    assert pytest.approx(0.99822, abs=1e-5) == B2
