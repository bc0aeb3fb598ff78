"""FedSpeed."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, every, global_norm, grad_at, minimum, where, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="FedSpeed: Larger Local Interval, Less Communication Round, and Higher Generalization "
    "Accuracy (Sun et al.)",
    year=2023,
    reference=Dense(at={"c": 0.5, "period": 4}),
    hypers={
        "rho": Hyper("radius of the ascent"),
        "prox": Hyper("strength of the pull towards the server's parameters"),
        "c": Hyper("largest norm of the corrected gradient"),
        "period": Hyper("local steps between two communications", 1, whole=True),
    },
)
def fedspeed_local(
    w, g, t, server=copy_w, dual=zeros,
    *, lr=0.1, eps=1e-7, wd=1e-3, rho=0.1, prox=0.1, c=10, period=50,
):  # fmt: skip
    """FedSpeed: local steps from the end of an ascent, tied to where the server was.

    The local rule of one client, and the communication of a federation that has no other: every
    period steps the drift of the client is added to its dual, and the server takes the client's
    parameters plus the dual, from which the client goes on. The clip sees the gradient and the part
    of the proximal term that does not depend on w; the rest of it acts as weight decay, added after
    the clip. eps is added to the norm that the ascent divides by, and 1e-6 to that of the clip.
    """
    e = rho / (global_norm(g) + eps) * g
    q = grad_at(w + e) + prox * (dual - server)
    q = q * minimum(1, c / (global_norm(q) + 1e-6))
    u = lr * (q + (wd + prox) * w)
    end = every(t, period, 0)
    dual = where(end, dual + (w - u - server), dual)
    server = where(end, w - u + dual, server)
    return where(end, w - server, u)
