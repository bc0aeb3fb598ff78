"""Lookahead around SGD and around Adam."""

from dsl.combine import lookahead
from dsl.program import Program
from dsl.zoo.adaptive.adam import adam
from dsl.zoo.entry import Dense, entry
from dsl.zoo.plain.sgd import heavy_ball

_PAPER = "Lookahead Optimizer: k steps forward, 1 step back (Zhang et al.)"


@entry(paper=_PAPER, year=2019, reference=Dense(at={"lr": 0.05}), hypers=lookahead.numbers)
def lookahead_sgd() -> Program:
    """Lookahead of SGD with momentum: every five steps, back to half of the way they have made.

    Heavy ball keeps its momentum when the parameters are set back, as the paper recommends and the
    libraries do unless told otherwise. Weight decay is coupled.
    """
    return lookahead(heavy_ball.program)


@entry(paper=_PAPER, year=2019, reference=Dense(at={"lr": 2**-6}), hypers=lookahead.numbers)
def lookahead_adam() -> Program:
    """Lookahead of Adam: every five steps, back to half of the way they have made.

    Both moments and their corrections go on as if nothing had happened. eps is added to the
    corrected root. Weight decay is coupled.
    """
    return lookahead(adam.program)
