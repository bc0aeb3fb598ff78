"""The ends of a search, and how it goes on."""

from enum import Enum

STOP = "STOP"
"""The file in the folder of a run that ends its search."""


class Ended(Enum):
    """The reason why a search ended, and how it goes on."""

    CANDIDATES = "the budget is spent", "raise budget.candidates to go on"
    SCORE = "a candidate reached budget.score", "raise budget.score to go on"
    STEPS = "budget.steps are spent", "raise budget.steps to go on"
    SECONDS = "budget.seconds are spent", "raise budget.seconds to go on"
    STOP = f"there is a file {STOP} in its folder", "remove it to go on"

    @property
    def sentence(self) -> str:
        """Both in a line."""
        reason, cure = self.value
        return f"The search ended since {reason}; {cure}."
