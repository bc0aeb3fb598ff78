"""Rules whose state is held in eight bits per entry."""

from dsl.combine import in_eight_bits
from dsl.combine.codec import NUMBERS
from dsl.ops import finite, interp, maximum, sqrt, square, sum, where, zeros
from dsl.program import Program
from dsl.program.trace import program
from dsl.zoo.entry import Dense, entry
from dsl.zoo.plain.sgd import heavy_ball
from dsl.zoo.structure.lion import lion

_PAPER = "8-bit Optimizers via Block-wise Quantization (Dettmers et al.)"
_AT = {"block": 8, "least": 3}


@entry(paper=_PAPER, year=2022, reference=Dense(at={"lr": 0.05, **_AT}), hypers=NUMBERS)
def momentum_8bit() -> Program:
    """Momentum in 8 bits: heavy ball whose momentum is rounded, block by block, between steps.

    The step is computed from the new momentum in full. A negative entry never becomes 0. Weight
    decay is coupled. Tensors of less than `least` entries are held in full.
    """
    return in_eight_bits(heavy_ball.program)


@program
def _adamw(
    w, g, t, m=zeros, v=zeros,
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=1e-2, least=4096,
):  # fmt: skip
    taken = maximum(finite(g), sum(1) < least)
    m = where(taken, interp(g, m, b1), 0)
    v = where(taken, interp(square(g), v, b2), 0)
    u = lr * m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return where(taken, u + lr * wd * (w - u), 0)


@entry(paper=_PAPER, year=2022, reference=Dense(at=_AT), hypers=NUMBERS)
def adamw_8bit() -> Program:
    """AdamW in 8 bits: both moments are rounded, block by block, between steps.

    The second moment has a map without signs. Small entries of it become 0 for the next step. The
    step is computed from the new moments in full; eps is added to the corrected root. Weight decay
    is decoupled and acts on the parameters that the step leaves. An entry whose gradient is not
    finite stays where it is, undecayed, and its moments become 0. Tensors of less than `least`
    entries are held in full and know no such exception. The form of the authors' code for GPUs; its
    form for CPUs decays before the step and makes no exceptions.
    """
    return in_eight_bits(_adamw, unsigned={"v"})


@entry(paper=_PAPER, year=2022, reference=Dense(at=_AT), hypers=NUMBERS)
def lion_8bit() -> Program:
    """Lion in 8 bits: the momentum is rounded, block by block, between steps.

    A rule of the authors' library, not of the paper. Weight decay is decoupled; tensors of less
    than `least` entries are held in full.
    """
    return in_eight_bits(lion.program)
