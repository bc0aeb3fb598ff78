"""Local steps of four workers, whose points are averaged on every `period`-th step."""

from dsl.combine import local_steps
from dsl.combine.local import NUMBERS
from dsl.language.hyperparameters import Hyper
from dsl.ops import equal, every, hvp, interp, maximum, rademacher, sqrt, square, when, where, zeros
from dsl.program import Program
from dsl.program.trace import program
from dsl.zoo.adaptive.adam import adam
from dsl.zoo.entry import Dense, entry
from dsl.zoo.plain.sgd import sgd

_SAVIC = "Local Methods with Adaptivity via Scaling (Chezhegov et al.)"
_SCALED = {
    **NUMBERS,
    "b2": Hyper("decay of the scaling", 0, 1),
    "eps": Hyper("least entry of the scaling"),
}
_DOUBTS = "the defaults, and on which batch the scaling is refreshed"


@entry(
    paper="Local SGD Converges Fast and Communicates Little (Stich)",
    year=2019,
    reference=Dense(at={"lr": 0.05, "period": 4}),
    hypers=NUMBERS,
)
def local_sgd() -> Program:
    """Local SGD: workers take steps of SGD on their own and average their points now and then.

    Four workers, each with a quarter of the batch. They meet after steps period, 2 period, ...; the
    parameters are the mean of their points on every step. Weight decay is coupled, at a worker's
    own point.
    """
    return local_steps(sgd.program)


@entry(
    paper=_SAVIC,
    year=2024,
    reference=Dense(at={"period": 4}, doubts="the defaults, and that moments are not averaged"),
    hypers=NUMBERS,
)
def local_adam() -> Program:
    """Local Adam: workers run Adam on their own and average their points, not their moments.

    Local scaling: each of four workers has its own moments, from its quarter of the batch. They
    meet after steps period, 2 period, ... Bias correction, eps (added to the corrected root) and
    coupled weight decay are Adam's.

    status: unverified
    """
    return local_steps(adam.program)


@program
def _scaled_by_rmsprop(w, g, t, v=zeros, *, lr=1e-3, b2=0.999, eps=1e-3, period=8):
    v = when(every(t, period, 1), interp(square(g), v, b2), v)
    return lr * g / maximum(eps, sqrt(v))


@program
def _scaled_by_adam(w, g, t, v=zeros, *, lr=1e-3, b2=0.999, eps=1e-3, period=8):
    k = (t - 1) / period + 1
    decay = (b2 - b2**k) / (1 - b2**k)
    v = when(every(t, period, 1), interp(square(g), v, decay), v)
    return lr * g / maximum(eps, sqrt(v))


@program
def _scaled_by_oasis(w, g, t, d=zeros, *, lr=1e-3, b2=0.999, eps=1e-3, period=8):
    z = rademacher(0)
    estimate = z * hvp(z)
    mixed = where(equal(t, 1), estimate, interp(estimate, d, b2))
    d = when(every(t, period, 1), mixed, d)
    return lr * g / maximum(eps, abs(d))


@entry(
    paper=_SAVIC,
    year=2024,
    reference=Dense(at={"b2": 0.9, "eps": 0.125, "period": 4}, doubts=_DOUBTS),
    hypers=_SCALED,
)
def savic_rmsprop() -> Program:
    """SAVIC with RMSProp's scaling: local steps over one root of squares, frozen in between.

    Four workers share the scaling. It is refreshed on the first step after a meeting, where all are
    at one point, with the gradient of the whole batch, and starts at 0; its entries count as eps at
    least.

    status: unverified
    """
    return local_steps(_scaled_by_rmsprop, common={"v"})


@entry(
    paper=_SAVIC,
    year=2024,
    reference=Dense(at={"b2": 0.9, "eps": 0.125, "period": 4}, doubts=_DOUBTS),
    hypers=_SCALED,
)
def savic_adam() -> Program:
    """SAVIC with Adam's scaling: as with RMSProp's, but squares are averaged without bias.

    The k-th refresh has the decay (b2 - b2**k) / (1 - b2**k), which is Adam's bias correction; no
    momentum. Refreshed on the first step after a meeting with the gradient of the whole batch; its
    entries count as eps at least.

    status: unverified
    """
    return local_steps(_scaled_by_adam, common={"v"})


@entry(
    paper=_SAVIC,
    year=2024,
    reference=Dense(at={"b2": 0.9, "eps": 0.5, "period": 4, "lr": 0.05}, doubts=_DOUBTS),
    hypers=_SCALED,
)
def savic_oasis() -> Program:
    """SAVIC with OASIS scaling: local steps over a shared estimate of the Hessian's diagonal.

    Four workers share the estimate, a signed average of Hutchinson's from the first one on. It is
    refreshed on the first step after a meeting, with the whole batch; its magnitudes count as eps
    at least. The rate is fixed, where OASIS finds it.

    status: unverified
    """
    return local_steps(_scaled_by_oasis, common={"d"})
