"""Rules whose state is held in eight bits per entry."""

from dsl.combine import in_eight_bits
from dsl.program import Program
from dsl.zoo.adaptive.adam import adamw
from dsl.zoo.entry import Dense, entry
from dsl.zoo.hypers import Hyper
from dsl.zoo.plain.sgd import heavy_ball
from dsl.zoo.structure.lion import lion

_PAPER = "8-bit Optimizers via Block-wise Quantization (Dettmers et al.)"
_HYPERS = {
    "block": Hyper("entries that share a scale", 1, whole=True),
    "least": Hyper("tensors with fewer entries are held in full", whole=True),
}
_AT = {"block": 8, "least": 12}


@entry(paper=_PAPER, year=2022, reference=Dense(at={"lr": 0.05, **_AT}), hypers=_HYPERS)
def momentum_8bit() -> Program:
    """Momentum in 8 bits: heavy ball whose momentum is rounded, block by block, between steps.

    The step is computed from the new momentum in full. A negative entry never becomes 0. Weight
    decay is coupled. The library holds tensors of less than 4096 entries in full (`least`).
    """
    return in_eight_bits(heavy_ball)


@entry(paper=_PAPER, year=2022, reference=Dense(at=_AT), hypers=_HYPERS)
def adamw_8bit() -> Program:
    """AdamW in 8 bits: both moments are rounded, block by block, between steps.

    The second moment has a map without signs. Small entries of it become 0 for the next step. The
    step is computed from the new moments in full; eps is added to the corrected root. Weight decay
    is decoupled and reads the parameters before the step, in the authors' library those after it.
    It also holds tensors of less than 4096 entries in full (`least`).
    """
    return in_eight_bits(adamw, unsigned={"v"})


@entry(paper=_PAPER, year=2022, reference=Dense(at=_AT), hypers=_HYPERS)
def lion_8bit() -> Program:
    """Lion in 8 bits: the momentum is rounded, block by block, between steps.

    A rule of the authors' library, not of the paper. Weight decay is decoupled; tensors of less
    than 4096 entries are held in full there (`least`).
    """
    return in_eight_bits(lion)
