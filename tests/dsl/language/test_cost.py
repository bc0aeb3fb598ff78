"""Programs ask of the data what they say: every call is counted, and made of losses and
gradients alone."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from dsl import PRIMITIVES, parse
from dsl.language.cost import Cost, Unit
from dsl.rewrite.liveness import sources
from dsl.rewrite.oracle_calls import calls_text, oracle_calls, steps_asked
from dsl.zoo import ENTRIES, ZOO
from tests.dsl.zoo.references import model, walks
from tests.dsl.zoo.references.model import Leaves, flattened, shaped
from tests.support.everyday import SAMPLE, each

pytestmark = pytest.mark.lightly_compiled

STEPS = 20

ASKING = [name for name, program in ZOO.items() if sources(program)]


@dataclass
class Counted:
    """The calls of each oracle, the losses and gradients that they made, and how many entries masks
    let through and iterations searches took."""

    calls: Counter[str] = field(default_factory=Counter)
    units: dict[str, Counter[Unit]] = field(default_factory=lambda: defaultdict(Counter))
    masks: list[float] = field(default_factory=list)
    iterations: list[float] = field(default_factory=list)


class Counting(walks.NumpyStep):
    """Answers made of losses and gradients only, by central differences, each of them counted.

    What is returned is the exact answer, which these have to be near to.
    """

    def __init__(self, counted: Counted, leaves: Leaves, batch: Any, count: int):
        super().__init__(leaves, batch, count)
        self.counted, self.oracle = counted, ""

    def _loss(self, at: np.ndarray) -> float:
        self.counted.units[self.oracle][Unit.LOSS] += 1
        return float(model.value(shaped(at, self.leaves), self.batch))

    def _gradient(self, at: np.ndarray, batch: Any = None) -> np.ndarray:
        self.counted.units[self.oracle][Unit.GRADIENT] += 1
        batch = self.batch if batch is None else batch
        return flattened(model.gradient(shaped(at, self.leaves), batch))

    def _product(self, at: np.ndarray, v: np.ndarray) -> np.ndarray:
        h = 1e-5 / max(np.linalg.norm(v), 1e-30)
        return (self._gradient(at + h * v) - self._gradient(at - h * v)) / (2 * h)

    def _hessian(self) -> np.ndarray:
        at = flattened(self.leaves)
        return np.array([self._product(at, one) for one in np.eye(len(at))])

    def _examples(self) -> list[tuple[np.ndarray, np.ndarray]]:
        features, targets = self.batch
        return [(features[[i]], targets[[i]]) for i in range(len(targets))]

    def counted_hvp(self, v: Leaves) -> Any:
        return self._product(flattened(self.leaves), flattened(v))

    def counted_hessian_diagonal_at(self, point: Leaves) -> Any:
        at = flattened(point)
        return np.array([self._product(at, one) @ one for one in np.eye(len(at))])

    def counted_third_derivative(self, v: Leaves, u: Leaves) -> Any:
        at, v_, u_ = (flattened(leaves) for leaves in (self.leaves, v, u))
        h = 1e-3 / max(np.linalg.norm(u_), 1e-30)
        return (self._product(at + h * u_, v_) - self._product(at - h * u_, v_)) / (2 * h)

    def counted_hessian_solve(self, v: Leaves, k: Any) -> Any:
        dense = self._hessian()
        return np.linalg.solve(dense + k * np.eye(len(dense)), flattened(v))

    def counted_abs_hessian_solve(self, v: Leaves, k: Any) -> Any:
        values, vectors = np.linalg.eigh(self._hessian())
        return vectors @ (flattened(v) @ vectors / (np.abs(values) + k))

    def counted_gauss_newton_solve(self, v: Leaves, k: Any) -> Any:
        at = flattened(self.leaves)
        made = np.tanh(self.batch[0] @ at)
        slopes = 4 * (made - self.batch[1])
        rows = [
            self._gradient(at, one) / d for one, d in zip(self._examples(), slopes, strict=True)
        ]
        curvature = 4 / len(rows) * np.array(rows).T @ np.array(rows)
        return np.linalg.solve(curvature + k * np.eye(len(at)), flattened(v))

    def counted_gauss_newton_product(self, v: Leaves) -> Any:
        at, v_ = flattened(self.leaves), flattened(v)
        features, _ = self.batch
        self.counted.units[self.oracle][Unit.GRADIENT] += 1  # two passes forward, for the outputs
        h = 1e-5 / max(np.linalg.norm(v_), 1e-30)
        ends = (np.tanh(features @ (at + side * h * v_)) for side in (1, -1))
        along = np.subtract(*ends) / (2 * h)
        return self._gradient(at, (features, np.tanh(features @ at) - along))

    def counted_conjugate_gradients(
        self, v: Leaves, h: Leaves, tol: Any, trials: Any, mix: Any
    ) -> Any:
        at, right, inverse = map(flattened, (self.leaves, v, h))
        x, r, p, done = np.zeros_like(right), right, inverse * right, 0
        while done < trials:
            product = self._product(at, p)
            done += 1
            if p @ product <= 0:
                x = mix * x + (1 - mix) * np.sign(p @ right) * p
                break
            size = r @ (inverse * r)
            x, r = x + size / (p @ product) * p, r - size / (p @ product) * product
            if r @ (inverse * r) < tol:
                break
            p = inverse * r + r @ (inverse * r) / size * p
        self.counted.iterations.append(done)
        return x

    def counted_line_search(self, u: Leaves, a: Any, fall: Any, shrink: Any, trials: Any) -> Any:
        at, u_ = flattened(self.leaves), flattened(u)
        here, there, done = self._loss(at), self._loss(at - a * u_), 0
        while done < trials and here - there < a * fall:
            a, done = a * shrink, done + 1
            there = self._loss(at - a * u_)
        self.counted.iterations.append(done)
        return a

    def counted_jvp(self, v: Leaves) -> Any:
        at, v_ = flattened(self.leaves), flattened(v)
        h = 1e-5 / np.linalg.norm(v_)
        return (self._loss(at + h * v_) - self._loss(at - h * v_)) / (2 * h)

    def counted_grad_at(self, point: Leaves) -> Any:
        return self._gradient(flattened(point))

    def counted_full_grad_at(self, point: Leaves) -> Any:
        ranks = tuple(leaf.ndim for leaf in point)
        data = model.batches("float64", ranks)[: model.BATCHES]
        return np.mean([self._gradient(flattened(point), batch) for batch in data], axis=0)

    def counted_loss_at(self, point: Leaves) -> Any:
        return self._loss(flattened(point))

    def counted_losses_at(self, population: Leaves) -> Any:
        members = zip(*population, strict=True)
        losses = [self._loss(flattened(list(leaves))) for leaves in members]
        return np.tile(losses, len(population))

    def counted_coordinate_differences(self, mask: Leaves, mu: Any) -> Any:
        at, shown = flattened(self.leaves), flattened(mask)
        self.counted.masks.append(float(np.count_nonzero(shown)))
        here, slopes = self._loss(at), np.zeros(len(at))
        for entry in np.flatnonzero(shown):
            slopes[entry] = (self._loss(at + mu * np.eye(len(at))[entry]) - here) / mu
        return slopes

    def counted_clipped_grad(self, c: Any) -> Any:
        each = [self._gradient(flattened(self.leaves), one) for one in self._examples()]
        return np.mean([grad * min(1, c / np.linalg.norm(grad)) for grad in each], axis=0)

    def counted_part_grad_at(self, point: Leaves, part: Any, parts: Any) -> Any:
        features, targets = self.batch
        chosen = np.floor(np.arange(len(targets)) * parts / len(targets)) == part
        return self._gradient(flattened(point), (features[chosen], targets[chosen]))

    def counted_sampled_grad(self, stream: Any) -> Any:
        features, _ = self.batch
        at = flattened(self.leaves)
        key = model.label_key(model.SEED, self.count, round(float(stream)))
        noise = np.array(model.jax.random.normal(key, (len(features),), "float64"))
        return self._gradient(at, (features, np.tanh(features @ at) + noise / 2))


def _counted(name: str) -> Any:
    def answer(self: Counting, *args: Any) -> Any:
        self.oracle = name
        self.counted.calls[name] += 1
        made = getattr(self, f"counted_{name}")(*args)
        exact = getattr(walks.NumpyStep(self.leaves, self.batch, self.count), name)(*args)
        flat = flattened(exact) if isinstance(exact, list) else exact
        np.testing.assert_allclose(made, flat, rtol=2e-3, atol=1e-3 * np.max(np.abs(flat)))
        return exact

    return answer


for _name in [name for name, primitive in PRIMITIVES.items() if primitive.oracle]:
    setattr(Counting, _name, _counted(_name))


@pytest.mark.parametrize("name", each(ASKING, SAMPLE))
def test_a_rule_asks_for_the_losses_and_gradients_that_it_states(name: str):
    counted = Counted()
    walks.program_path(name, "decaying", STEPS, partial(Counting, counted))

    program = ZOO[name].with_hyperparameters(**walks.settings(name))
    leaves = model.start("float64", ENTRIES[name].reference.ranks)
    sizes = {"n": sum(leaf.size for leaf in leaves), "m": float(np.mean(counted.masks or [0]))}
    sizes |= {"i": float(np.mean(counted.iterations or [0]))}
    sizes |= {"b": model.ROWS, "o": model.ROWS, "d": model.BATCHES}
    calls = oracle_calls(program)
    for call in calls:
        asked = counted.units[call.op]
        assert set(asked) == {call.cost.unit}
        assert asked[call.cost.unit] == pytest.approx(
            counted.calls[call.op] * call.cost.count(sizes), rel=1e-12
        )

    steps = steps_asked(program, STEPS, model.STEPS)
    least, most = Counter[str](), Counter[str]()
    for call, (surely, perhaps) in zip(calls, steps.values(), strict=True):
        least[call.op] += surely.sum()
        most[call.op] += perhaps.sum()
        for share, asked in ((call.least, surely), (call.most, perhaps)):
            assert abs(share * STEPS - asked.sum()) <= 1, "the long run is like the walk"
    assert counted.calls.keys() == most.keys()
    for op, number in counted.calls.items():
        assert least[op] <= number <= most[op], op
        assert number == most[op] or name in BY_DATA, op


BY_DATA = {"smb": "a trial that fails", "ai_sarah": "an estimate that has shrunk"}
"""Rules that ask an oracle where the data say so, and when."""


def test_only_rules_that_decide_by_the_data_state_bounds():
    bounded = {n for n in ASKING if any(call.least < call.most for call in oracle_calls(ZOO[n]))}
    assert bounded == set(BY_DATA)


@pytest.mark.parametrize(
    ("name", "text"),
    {
        "adamw": "",
        "sam": "1 gradient",
        "sophia_h": "2 gradients every 10 steps",
        "deepzero_cge": "1 + m losses",
        "consensus_based_optimization": "20 losses",
        "saddle_free_newton": "2 n gradients",
        "smb": "1 loss, 1 gradient at most",
        "ai_sarah": "d gradients at most, 7 gradients",
        "savic_oasis": "2 gradients every 8 steps, 4 gradients",
    }.items(),
)
def test_calls_read_as_words(name: str, text: str):
    assert calls_text(ZOO[name]) == text


CHOICES = {
    "2 gradients every 12 steps": "when(every(t, 4, 1), when(every(t, 6, 1), hvp(g), g), g)",
    "2 gradients every 5 steps at most": "when(loss > 1, when(every(t, 5, 1), hvp(g), g), g)",
    "2 gradients every 3 steps": "when(every(t, 6, 1), x, g) + when(every(t, 6, 4), x, g)",
    "2 gradients every 4 steps": "when(every(t, k, 3), x, g)",
    "2 gradients, 1 gradient at first": "when(t > 7, x, grad_at(w))",
    "1 gradient at first": "when(t < 2, grad_at(w), g)",
    "1 gradient on 75 % of steps": "when(every(t, 4, 1), g, grad_at(w))",
    "2 gradients": "where(every(t, 4, 1), x, g)",
    "": "when(5 - k, g, x) * 0 + 1",
}
"""Steps that choose whether they read `x`, a product with the Hessian; `k` is 4."""


@pytest.mark.parametrize(("text", "step"), CHOICES.items())
def test_a_choice_is_paid_on_the_steps_that_take_it(text: str, step: str):
    rule = f"def rule(w, g, t, loss, *, k=4):\n    x = hvp(g)\n    return {step}"
    assert calls_text(parse(rule)) == text


def test_costs_are_read_counted_and_printed():
    cost = Cost.parse("1 + 2 k m losses")
    assert str(cost) == "1 + 2 k m losses" and cost.sizes == {"k", "m"}
    assert cost.count({"k": 3, "m": 5}) == 31
    assert str(cost.given({"k": 3})) == "1 + 6 m losses"
    assert str(Cost.parse("1 loss").plus(Cost.parse("1 + n losses"))) == "2 + n losses"
    assert Cost.parse("3 losses").gradients({}) == 1
    for text in ("", "losses", "2", "2 passes", "q losses", "1 + losses", "-1 losses"):
        with pytest.raises(ValueError, match="is no cost"):
            Cost.parse(text)
    with pytest.raises(KeyError):
        cost.count({"k": 3})
