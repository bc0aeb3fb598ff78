"""Entries of the zoo reproduce numbers that their authors' own packages give, in float64.

The problem has two tensors, a in R^3 and B in R^(2x2), and the loss

    5 + sum(c * (a - target)^2) / 2 + sum(B^4 / 4 + B^2 / 2) + sum(a) * sum(B) / 20

The packages are named where a row's numbers come from; they are not needed to run this. Two rows
are of methods without a package, transcribed from their paper apart from the zoo's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from dsl.language.registry import Primitive
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ZOO

STEPS = 30

Leaves = list[np.ndarray]

_CURVATURE = np.array([1.0, 4.0, 0.5])
_TARGET = np.array([0.5, -1.0, 2.0])


def start() -> Leaves:
    """The parameters before the first step."""
    return [np.array([1.0, -2.0, 0.3]), np.array([[0.7, -0.4], [1.1, 0.2]])]


def loss(leaves: Leaves) -> float:
    """The loss of the problem."""
    a, b = leaves
    own = np.sum(_CURVATURE * (a - _TARGET) ** 2) / 2 + np.sum(b**4 / 4 + b**2 / 2)
    return float(5 + own + np.sum(a) * np.sum(b) / 20)


def gradient(leaves: Leaves) -> Leaves:
    """Its gradient."""
    a, b = leaves
    return [_CURVATURE * (a - _TARGET) + np.sum(b) / 20, b**3 + b + np.sum(a) / 20]


def adam_correction(t: int) -> float:
    """The factor on the rate by which Adam's two bias corrections amount to a schedule."""
    return (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)


@dataclass(frozen=True)
class Golden:
    """The numbers of a package: `a` after one step and three, the loss after 30 if it is known.

    `schedule` is the factor on the rate at step t, from 1; `rtol` is half a unit of the last
    digit given, or what a package rounds away.
    """

    entry: str
    package: str
    first: tuple[float, ...]
    third: tuple[float, ...]
    loss: float | None
    at: Mapping[str, float] = field(default_factory=dict)
    schedule: Callable[[int], float] | None = None
    rtol: float = 5e-10

    def __str__(self) -> str:
        setting = [f"{name}={value}" for name, value in self.at.items()]
        return " ".join(
            [self.entry, *setting, *([self.schedule.__name__] if self.schedule else [])]
        )


GOLDEN = [
    Golden(
        "d_adapt_sgd",
        "dadaptation",
        first=(0.9879923901, -1.918845119, 0.3159411373),
        third=(0.9649090859, -1.775953207, 0.3475220536),
        loss=4.98842821014,
        at={"d0": 0.1},
    ),
    Golden(
        "d_adapt_sgd",
        "dadaptation",
        first=(0.998799239, -1.991884512, 0.3015941137),
        third=(0.9932788175, -1.954790985, 0.3089382192),
        loss=5.00724217081,
        at={"d0": 0.1, "b1": 0.9},
    ),
    Golden(
        "d_adapt_adam",
        "dadaptation",
        first=(0.6837724064, -1.683772259, 0.6162276361),
        third=(0.9257140931, -0.1309860721, 2.863045666),
        loss=62.7588659183,
        at={"d0": 0.1},
    ),
    Golden(
        "d_adapt_adam",
        "dadaptation",
        first=(0.9000000545, -1.900000008, 0.3999999589),
        third=(0.5846828663, -1.568062798, 0.7385449423),
        loss=4.9958110452,
        at={"d0": 0.1},
        schedule=adam_correction,
    ),
    Golden(
        "d_adapt_lion",
        "dadaptation",
        first=(0.89, -1.88, 0.397),
        third=(0.673289, -1.643588, 0.5880997),
        loss=5.08857682653,
        at={"d0": 0.1, "wd": 0.1},
    ),
    Golden(
        "prodigy",
        "prodigyopt",
        first=(0.6837724064, -1.683772259, 0.6162276361),
        third=(0.03789536935, -0.7746715834, 1.58229535),
        loss=5.04335472224,
        at={"d0": 0.1},
    ),
    Golden(
        "prodigy",
        "prodigyopt",
        first=(0.8968377769, -1.893675453, 0.3990512756),
        third=(0.6977575128, -1.687314074, 0.596462794),
        loss=5.06121030083,
        at={"d0": 0.1, "wd": 0.1},
        schedule=adam_correction,
    ),
    Golden(
        "prodigy",
        "prodigyopt",
        first=(0.9999968377, -1.999996838, 0.3000031623),
        third=(0.9999848265, -1.999984826, 0.3000151735),
        loss=5.41442255939,
    ),
    Golden(
        "dog",
        "dog-optimizer",
        first=(0.9956245941, -1.970428291, 0.3058087285),
        third=(0.9881875043, -1.921617391, 0.3157847936),
        loss=5.06011462281,
        at={"reps_rel": 1e-2},
    ),
    Golden(
        "l_dog",
        "dog-optimizer",
        first=(0.9953216835, -1.968381034, 0.3062108684),
        third=(0.9873734394, -1.916303199, 0.3168865923),
        loss=5.06277840561,
        at={"reps_rel": 1e-2},
    ),
    Golden(
        "dowg",
        "dowg",
        first=(0.9988017198, -1.991901279, 0.3015908203),
        third=(0.9963751852, -1.97563486, 0.3048216639),
        loss=4.98842685728,
    ),
    Golden(
        "mechanic_sgd",
        "mechanic-pytorch",
        first=(0.943074073, -1.615259252, 0.3755740755),
        third=(0.7850931654, -0.9137442095, 0.6133549866),
        loss=5.00304802079,
        at={"lr": 0.1, "s_init": 1e-2},
    ),
    Golden(
        "schedule_free_sgd",
        "schedulefree",
        first=(0.942, -1.608, 0.377),
        third=(0.8876129054, -1.368194669, 0.4585617844),
        loss=5.11162615576,
        at={"lr": 0.1},
    ),
    Golden(
        "schedule_free_sgd",
        "schedulefree",
        first=(0.9941, -1.9606, 0.30767),
        third=(0.9715871693, -1.817786848, 0.3374648288),
        loss=5.15356062423,
        at={"lr": 0.1, "wd": 0.01, "warmup": 10},
    ),
    Golden(
        "schedule_free_adamw",
        "schedulefree",
        first=(0.9959600001, -1.99592, 0.3039879999),
        third=(0.9802949053, -1.98004266, 0.3195367122),
        loss=6.98755186396,
        at={"lr": 0.02, "wd": 0.01, "warmup": 5},
    ),
    Golden(
        "aegd",
        "txping/AEGD",
        first=(0.942095726, -1.635523579, 0.3767762969),
        third=(0.8352539884, -1.235187002, 0.5413650628),
        loss=5.0100722489,
        at={"lr": 0.1},
    ),
    Golden(
        "aegdw",
        "txping/AEGD",
        first=(0.932095726, -1.615523579, 0.3737762969),
        third=(0.810217116, -1.202591081, 0.5316261902),
        loss=5.04470300904,
        at={"lr": 0.1, "wd": 0.1},
    ),
    Golden(
        "ali_g",
        "pytorch_optimizer",
        first=(0.884, -1.216, 0.454),
        third=(0.7307394529, -1.017754147, 0.7317350529),
        loss=4.99026920953,
        at={"lr": 0.2, "b1": 0, "eps": 1e-06},
    ),
    Golden(
        "ali_g",
        "pytorch_optimizer",
        first=(0.9449, -1.6276, 0.37315),
        third=(0.7910227972, -0.9094364153, 0.6015055444),
        loss=4.99450115032,
        at={"lr": 0.05, "b1": 0.9, "eps": 1e-06},
    ),
    Golden(
        "alr_smag",
        "a transcription",
        first=(0.942, -1.608, 0.377),
        third=(0.7085991339, -0.4845425661, 0.7204785839),
        loss=5.042568130831361,
        at={"lr": 0.1},
    ),
    Golden(
        "alr_hb",
        "a transcription",
        first=(0.8713703914, -1.130641266, 0.4707668942),
        third=(0.3153986406, -1.075706741, 1.610263579),
        loss=None,
        at={"b1": 0.5, "f_min": 4},
    ),
    Golden(
        "smb",
        "sibirbil/SMB",
        first=(0.7630112581, -1.598981701, 0.6990808957),
        third=(0.5699849851, -1.2341423, 1.245308908),
        loss=4.98840783685,
        at={"lr": 1},
    ),
    Golden(
        "smb",
        "sibirbil/SMB",
        first=(0.71, -0.04, 0.685),
        third=(0.6189941953, -0.6407736943, 1.019782312),
        loss=4.98841297071,
        at={"lr": 0.5},
    ),
    Golden(
        "sam",
        "pytorch_optimizer",
        first=(0.9706201558, -1.795964166, 0.3386196103),
        third=(0.9171507027, -1.501552665, 0.4142377623),
        loss=5.18715723758,
        at={"lr": 0.05, "b1": 0, "wd": 0, "rho": 0.05},
    ),
    Golden(
        "asam",
        "pytorch_optimizer",
        first=(0.9687603016, -1.616197627, 0.3381056312),
        third=(0.9077273703, -1.175674652, 0.4132755647),
        loss=5.11352166169,
        at={"lr": 0.05, "b1": 0, "wd": 0, "rho": 0.5},
        rtol=5e-9,
    ),
    Golden(
        "momo",
        "fabian-sp/MoMo",
        first=(0.7719340497, -0.4585887497, 0.6027772099),
        third=(0.7268464603, -0.2087665091, 0.6665124399),
        loss=5.62504701804,
        at={"lr": 1},
    ),
    Golden(
        "momo",
        "fabian-sp/MoMo",
        first=(0.7382412985, -0.4574732095, 0.5700031366),
        third=(0.6314716018, -0.20186318, 0.5719861843),
        loss=5.11779485474,
        at={"lr": 0.5, "wd": 0.1},
    ),
    Golden(
        "momo_adam",
        "fabian-sp/MoMo",
        first=(0.9000000017, -1.9, 0.3999999987),
        third=(0.7044203677, -1.701575456, 0.5993422961),
        loss=5.03975280833,
        at={"lr": 0.1},
    ),
    Golden(
        "momo_adam",
        "fabian-sp/MoMo",
        first=(0.8910891106, -1.881188119, 0.3960396027),
        third=(0.6815362887, -1.649092017, 0.5846824504),
        loss=5.0094142176,
        at={"lr": 0.1, "wd": 0.1},
    ),
    Golden(
        "riemannian_adam_sphere",
        "geoopt",
        first=(0.4989916797, -0.8425270634, 0.2028680631),
        third=(0.5059627039, -0.7951081048, 0.3343723134),
        loss=6.89162265269,
        at={"lr": 0.1},
    ),
    Golden(
        "riemannian_amsgrad_sphere",
        "geoopt",
        first=(0.4989916797, -0.8425270634, 0.2028680631),
        third=(0.5059627039, -0.7951081048, 0.3343723134),
        loss=6.89162241611,
        at={"lr": 0.1},
    ),
    Golden(
        "riemannian_adam_poincare",
        "geoopt",
        first=(0.4432376311, -0.8864745787, 0.1329715231),
        third=(0.4432374908, -0.8864736713, 0.1329723025),
        loss=6.62372270715,
        at={"lr": 0.1},
    ),
    Golden(
        "riemannian_amsgrad_poincare",
        "geoopt",
        first=(0.4432376311, -0.8864745787, 0.1329715231),
        third=(0.4432374908, -0.8864736713, 0.1329723025),
        loss=6.62371789532,
        at={"lr": 0.1},
    ),
]
"""Rows of Adam's bias corrections run the packages with their switch on and the rules with the
schedule that it is; schedule-free rows are of the point where gradients are taken; ALI-G's are
where its step size is bounded, and the norm that its package rounds to float32 takes no part;
ASAM's package sums its norm in float32, and with that sum in float64 it agrees to 1e-12."""


class _Oracles:
    """The step of a rule that draws nothing."""

    def ask(self, oracle: Primitive, *args: Leaves) -> Any:
        return getattr(self, oracle.name)(*args)

    def loss_at(self, point: Leaves) -> np.ndarray:
        return np.array(loss(point))

    def grad_at(self, point: Leaves) -> Leaves:
        return gradient(point)

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the rule asks for {name}")


@pytest.mark.parametrize("golden", GOLDEN, ids=str)
def test_a_rule_gives_the_numbers_of_its_authors_package(golden: Golden):
    program = ZOO[golden.entry].with_hyperparameters(**golden.at)
    leaves = start()
    slots = {name: initial(init, leaves, np) for name, init in program.slots.items()}
    a = []
    for t in range(1, STEPS + 1):
        inputs = {"w": leaves, "g": gradient(leaves), "t": np.float64(t), "T": float(STEPS)}
        inputs |= {"loss": np.float64(loss(leaves)), **program.hyperparameters}
        if golden.schedule is not None:
            inputs["lr"] *= golden.schedule(t)
        moves, slots = run_step(program, inputs, slots, _Oracles(), np)
        leaves = [w - move for w, move in zip(leaves, moves, strict=True)]
        a.append(leaves[0])
    np.testing.assert_allclose(a[0], golden.first, rtol=golden.rtol)
    np.testing.assert_allclose(a[2], golden.third, rtol=golden.rtol)
    if golden.loss is not None:
        np.testing.assert_allclose(loss(leaves), golden.loss, rtol=golden.rtol / 5)
