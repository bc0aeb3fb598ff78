"""Parts of a rule that a comparison exercised: sides of conditions, hyperparameters, tensors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dsl.language.numbers import format_number
from stepsmith.verifying.conditions import Cell, Condition


@dataclass
class Exercise:
    """Everything met so far: cells of conditions, hyperparameters that had an influence, and the
    ranks of tensors that moved, as far as a comparison can see."""

    conditions: list[Condition]
    hypers: Mapping[str, float]
    ranks: tuple[int, ...]
    cells: set[Cell] = field(default_factory=set)
    influential: set[str] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)

    def missing(self) -> list[tuple[Condition, str]]:
        """The sides of conditions that nothing met."""
        met = {(at, side) for at, side, _ in self.cells}
        return [
            (each, side)
            for each in self.conditions
            for side in each.sides
            if (each.at, side) not in met
        ]

    def missing_cells(self) -> set[Cell]:
        """The sides that some ranks have not met, where more than shapes decides."""
        wanted = {
            (each.at, side, rank)
            for each in self.conditions
            if not each.of_shapes
            for side in each.sides
            for rank in self._kinds_of_rank(each)
        }
        return wanted - self.cells

    def _kinds_of_rank(self, condition: Condition) -> Iterable[int | None]:
        whole = any(at == condition.at and rank is None for at, _, rank in self.cells)
        return (None,) if whole else self.ranks

    @property
    def idle(self) -> list[str]:
        """The hyperparameters that never had an influence."""
        return [name for name in self.hypers if name not in self.influential]

    def sentences(self) -> list[str]:
        """Everything that was not exercised, a sentence each.

        A condition of others that were not exercised themselves is left out.
        """
        missing, cells = self.missing(), self.missing_cells()
        never = {(each.at, side) for each, side in missing}
        places = {at for at, _ in never} | {at for at, _, _ in cells}
        found = []
        for each in self.conditions:
            if each.of & places:
                continue
            for side in each.sides:
                if (each.at, side) in never:
                    found.append(each.never(side))
                elif ranks := [rank for rank in self.ranks if (each.at, side, rank) in cells]:
                    found.append(f"{each.never(side)} on tensors of rank {_listed(ranks)}")
        for name in self.idle:
            value = format_number(self.hypers[name])
            found.append(f"the hyperparameter {name}={value} had no influence")
        return [*found, *self._unmoved()]

    def _unmoved(self) -> list[str]:
        still = [rank for rank in self.ranks if rank not in self.moved]
        if still and not self.moved:
            return ["the step: no parameter moved by more than may differ, so this shows nothing"]
        return [f"tensors of rank {_listed(still)} did not move"] if still else []

    def ranks_left_out(self, all_ranks: Iterable[int]) -> list[int]:
        """The ranks that nothing was compared on."""
        return [rank for rank in all_ranks if rank not in self.ranks]


def _listed(ranks: Iterable[int]) -> str:
    return ", ".join(map(str, ranks))
