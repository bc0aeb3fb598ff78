"""Free checks: evidence from a few milliseconds of NumPy, before anything is compiled.

battery   the checks in their order, each with the outcome of the programs that it refuses
evidence  the behaviour of a program on fixed gradients and on a quadratic, found when asked for
descent   the small quadratic, and the run of a program on it
"""

from evaluators.checks.battery import CHECKS, Check, refused_by
from evaluators.checks.descent import Descent, descend
from evaluators.checks.evidence import CheckEvidence

__all__ = ["CHECKS", "Check", "CheckEvidence", "Descent", "descend", "refused_by"]
