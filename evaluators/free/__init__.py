"""Free checks: what a program shows in a few milliseconds of NumPy, before anything is compiled."""

from evaluators.free.checks import CHECKS, Check, refused_by
from evaluators.free.evidence import Evidence
from evaluators.free.quadratic import Descent, descend

__all__ = ["CHECKS", "Check", "Descent", "Evidence", "descend", "refused_by"]
