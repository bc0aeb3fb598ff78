"""Small print that sets implementations of a rule apart, as rewritings of the program.

When two optimizers part, each rewriting that applies is tried on the rule; one that then agrees is
the reason.

variant.py   a rule with a difference, and a program written anew around one
eps.py, bias.py, decay.py, phase.py   what libraries do in different ways
averages.py, order.py, result.py      what goes wrong when a rule is written down
noise.py     what cannot be compared
table.py     all of them
"""

from stepsmith.verifying.traps.table import pairs, traps
from stepsmith.verifying.traps.variant import Trap

__all__ = ["Trap", "pairs", "traps"]
