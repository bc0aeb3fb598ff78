"""Free checks: what a program shows in a few milliseconds of NumPy, before anything is compiled."""

from evaluators.checks.checks import CHECKS, Check, refused_by
from evaluators.checks.evidence import Evidence
from evaluators.checks.quadratic import Descent, descend

__all__ = ["CHECKS", "Check", "Descent", "Evidence", "descend", "refused_by"]
