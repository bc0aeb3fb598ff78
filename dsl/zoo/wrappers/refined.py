"""Rules under schedules that were refined by the gradient norms of an earlier run.

The runs are SGD and AdamW with linear decay, 200 steps each on a small network for handwritten
digits; norms are of every fifth step.
"""

from dsl.combine import refined, tabulated
from dsl.program import Program
from dsl.zoo.adaptive.adam import adamw
from dsl.zoo.entry import Dense, entry
from dsl.zoo.plain.sgd import sgd

_PAPER = "Optimal Linear Decay Learning Rate Schedules and Further Refinements (Defazio et al.)"

_SGD_NORMS = [
    *(0.403, 0.375, 0.429, 0.585, 0.598, 0.554, 0.769, 0.697, 0.634, 0.616),
    *(0.466, 0.652, 0.515, 0.627, 0.756, 0.471, 0.503, 0.601, 0.465, 0.565),
    *(0.406, 0.605, 0.411, 0.584, 0.575, 0.535, 0.457, 0.320, 0.626, 0.438),
    *(0.506, 0.358, 0.429, 0.378, 0.391, 0.444, 0.388, 0.634, 0.539, 0.407),
]
"""Euclidean."""

_ADAMW_NORMS = [
    *(8.60, 9.89, 12.6, 16.9, 18.7, 14.7, 15.6, 17.9, 11.3, 11.9),
    *(8.92, 15.2, 10.3, 10.1, 18.4, 8.66, 9.52, 11.0, 8.97, 8.39),
    *(9.87, 9.67, 8.97, 12.4, 9.80, 10.3, 10.6, 8.19, 13.5, 6.73),
    *(10.7, 6.50, 8.39, 5.93, 6.26, 6.41, 6.59, 9.22, 9.80, 8.51),
]
"""Sums of magnitudes."""


@entry(paper=_PAPER, year=2023, reference=Dense(at={"lr": 0.05}))
def refined_sgd() -> Program:
    """SGD with a refined schedule: linear decay, but the rate is larger where gradients were small.

    The table is one run's, stretched over T steps: the squares of its inverse gradient norms, after
    a running median, times the sum of those to come. Sixteen of forty numbers are kept. The last
    step has a rate of 0. Weight decay is coupled.
    """
    return tabulated(sgd.program, refined(_SGD_NORMS).round(4))


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(doubts="that Adam's weights are the inverse sums of magnitudes"),
)
def refined_adamw() -> Program:
    """AdamW with a refined schedule: the rate is larger where gradients were small.

    The table is one run's, stretched over T steps: its inverse gradient norms, sums of magnitudes
    after a running median, times the sum of those to come. Sixteen of forty numbers are kept. The
    last step has a rate of 0. Otherwise AdamW: eps is added to the corrected root, weight decay is
    decoupled.

    status: unverified
    """
    return tabulated(adamw.program, refined(_ADAMW_NORMS, power=1).round(4))
