"""Averages of the parameters, at which a rule is evaluated while it steps from the parameters."""

from dsl.combine.combinator import after
from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, interp, maximum, zeros


@after("u", numbers={"decay": Hyper("decay of the average that is evaluated", 0, 1)})
def averaged(w, average=copy_w, u=zeros, *, decay=0.999):
    """Evaluated at the running average of the parameters, which forgets at `decay` (Polyak and
    Juditsky 1992; with a constant decay as in most code).

    The average starts at the first parameters and is not corrected for that. Steps are the
    program's own.
    """
    average = interp(w - u, average, decay)
    return u, average


@after("u", numbers={"skip": Hyper("steps that the mean leaves out", 0, whole=True)})
def averaged_evenly(w, t, average=copy_w, u=zeros, *, skip=0):
    """Evaluated at the mean of the parameters after all steps but the first `skip` (Ruppert 1988,
    Polyak and Juditsky 1992).

    Until then at the parameters. Steps are the program's own.
    """
    average = interp(average, w - u, 1 / maximum(t - skip, 1))
    return u, average
