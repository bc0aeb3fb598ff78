"""Points of evaluation in programs that are combined."""

import numpy as np
import pytest
from hypothesis import given, settings

from dsl import canonical, parse
from dsl.combine import (
    averaged,
    averaged_evenly,
    clipped_by_global_norm,
    decoupled_decay,
    follow,
    local_steps,
    lookahead,
    rename,
    store,
    substitute,
)
from dsl.errors import DslError
from dsl.rewrite.point import point_of
from dsl.run.fingerprint import evaluated, parameters_after, respond
from dsl.zoo import ZOO
from tests.support.strategies import programs

POINTED = parse("""
def rule(w, g, m=zeros, x=copy_w, *, lr=0.1, b1=0.9):
    m = interp(g, m, b1)
    step = lr * m
    x = interp(w - step, x, 0.8)
    return step, x + 0.5 * (w - step)
""")


def averages(program, decay, start):
    """The running average of the parameters, from their path."""
    found = []
    for w in parameters_after(program):
        start = (1 - decay) * w + decay * start
        found.append(start)
    return np.array(found)


def begun(program):
    return parameters_after(program)[0] + respond(program)[0]


@pytest.mark.parametrize("name", ["sgd", "adamw", "adan"])
def test_a_running_average_of_the_parameters_is_evaluated(name):
    made = averaged(ZOO[name], decay=0.7)
    np.testing.assert_array_equal(respond(made), respond(ZOO[name]))
    np.testing.assert_allclose(evaluated(made), averages(made, 0.7, begun(made)), rtol=1e-12)


def test_an_even_average_is_the_mean_of_the_parameters_behind_the_first():
    made = averaged_evenly(ZOO["adamw"], skip=4)
    path, at = parameters_after(made), evaluated(made)
    np.testing.assert_allclose(at[:4], path[:4], rtol=1e-12)
    for t in range(4, len(path)):
        np.testing.assert_allclose(at[t], np.mean(path[4 : t + 1], axis=0), rtol=1e-12)


def test_lookahead_is_evaluated_at_the_slow_parameters():
    made = lookahead(ZOO["adamw"], period=3)
    path, at = parameters_after(made), evaluated(made)
    for t in range(len(path)):
        last = t + 1 - (t + 1) % 3
        slow = path[last - 1] if last else begun(made)
        np.testing.assert_allclose(at[t], slow, rtol=1e-12)


@pytest.mark.parametrize("wrap", [decoupled_decay, lambda rule: follow(rule, HALF, "u")])
def test_a_point_goes_with_the_parameters_after_the_whole_step(wrap):
    made = wrap(POINTED.with_hyperparameters(lr=0.3))
    if "wd" in made.hyperparameters:
        made = made.with_hyperparameters(wd=0.3)
    assert list(made.slots) == list(POINTED.slots)
    assert not np.array_equal(respond(made), respond(POINTED))
    wanted = averages(made, 0.8, begun(made)) + 0.5 * parameters_after(made)
    np.testing.assert_allclose(evaluated(made), wanted, rtol=1e-12)


HALF = parse("def half(w, g, u=zeros):\n    return 0.5 * u")


def test_a_point_stays_where_something_is_put_before_a_rule():
    made = clipped_by_global_norm(POINTED, c=0.01)
    wanted = averages(made, 0.8, begun(made)) + 0.5 * parameters_after(made)
    np.testing.assert_allclose(evaluated(made), wanted, rtol=1e-12)
    assert point_of(substitute(ZOO["sgd"], "g", POINTED)) is None


def test_a_point_stays_where_slots_are_renamed_and_stored():
    assert canonical(rename(POINTED, x="average", b1="decay")).point is not None
    made = store(POINTED, "m", parse("def halved(s=zeros):\n    return 0.5 * s"), "s")
    assert made.point == POINTED.point


def test_the_point_of_what_comes_behind_is_the_point():
    made = averaged(POINTED, decay=0.7)
    np.testing.assert_allclose(evaluated(made), averages(made, 0.7, begun(made)), rtol=1e-12)


def test_workers_with_points_of_their_own_are_refused():
    with pytest.raises(DslError, match="'rule' is evaluated at a point of its own"):
        local_steps(POINTED)
    assert averaged(local_steps(ZOO["sgd"])).point is not None


@given(programs())
@settings(max_examples=60)
def test_any_program_may_be_averaged(program):
    made = averaged(program, decay=0.5)
    assert parse(str(made)) == made
    np.testing.assert_array_equal(respond(made), respond(program))
