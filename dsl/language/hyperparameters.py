"""Hyperparameters in words: what they mean, where they may lie, and what hosts call them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hyper:
    """A hyperparameter in words, with the least and the largest value that makes sense.

    `whole` says that it counts something. `called` holds its name in the hosts that have one of
    their own, by the names of `dsl.export.HOSTS`; `latex` its symbol, where that is not made of the
    name; `refused` what PyTorch's errors call it where it has to be positive or zero.
    """

    meaning: str
    low: float = 0.0
    high: float = math.inf
    whole: bool = False
    called: Mapping[str, str] = field(default_factory=dict)
    latex: str = ""
    refused: str = ""

    @property
    def usual(self) -> bool:
        """True for any number from 0 on, whole or not."""
        return self.low == 0 and self.high == math.inf and not self.whole

    def holds(self, value: float) -> bool:
        """True for a value that the hyperparameter may have."""
        return self.low <= value <= self.high and (not self.whole or float(value).is_integer())

    def nearest(self, value: float) -> float:
        """The value itself, or the nearest that the hyperparameter may have."""
        if self.whole:
            value = float(round(value))
        return min(max(value, self.low), self.high)


_BETAS = {"torch": "betas"}
_DECAY = {"optax": "weight_decay", "torch": "weight_decay"}

COMMON = {
    "lr": Hyper(
        "learning rate",
        called={"optax": "learning_rate"},
        latex=r"\eta",
        refused="learning rate",
    ),
    "b1": Hyper("decay of the first average or momentum", 0, 1, called=_BETAS),
    "b2": Hyper("decay of the second average", 0, 1, called=_BETAS),
    "b3": Hyper("decay of the third average", 0, 1, called=_BETAS),
    "eps": Hyper("keeps a denominator from zero", latex=r"\epsilon", refused="epsilon value"),
    "wd": Hyper(
        "strength of the weight decay",
        called=_DECAY,
        latex=r"\lambda",
        refused="weight_decay value",
    ),
}
"""Hyperparameters that mean the same in most rules. A known rule says what its others mean, and
these where it means them otherwise; their names in hosts, symbols and refusals are the same for
every rule."""


def host_name(name: str, host: str) -> str:
    """The host's name of a hyperparameter, that of the program by default."""
    return COMMON[name].called.get(host, name) if name in COMMON else name
