"""The keys that say what programs are made of: primitives, and the changes of a mutation."""

from functools import cache
from typing import Annotated, Any

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    create_model,
    model_serializer,
    model_validator,
)

from dsl.language.registry import PRIMITIVES
from dsl.run.capacity import Capacity
from evaluators.files.config_file import Section, one_of
from search.mutation import CHANGES

Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class PrimitivesConfig(Section):
    """The primitives that mutation draws: those with a weight, altered by name."""

    only: list[str] | None = Field(default=None, min_length=1)
    """These alone; without it, all that are declared with a weight above 0."""
    forbid: list[str] = []
    """These are in no program."""
    weights: dict[str, Weight] = {}
    """Other relative chances of being drawn; docs/language.md has those that are declared."""

    @model_validator(mode="after")
    def _known(self) -> "PrimitivesConfig":
        for name in (*(self.only or ()), *self.forbid, *self.weights):
            one_of("primitive", name, PRIMITIVES)
        if not any(self.table().values()):
            raise ValueError("no primitive is left to draw from")
        return self

    def table(self) -> dict[str, float]:
        """Weight by primitive; `only` gives 1 to one that is declared without weight."""
        names = PRIMITIVES if self.only is None else sorted(self.only)
        weights = {n: PRIMITIVES[n].weight or (0.0 if self.only is None else 1.0) for n in names}
        weights.update({n: w for n, w in self.weights.items() if n in weights or w})
        return {n: w for n, w in weights.items() if n not in self.forbid}


class MutationConfig(Section):
    """The relative chance of each kind of change, and the largest program.

    There is a key for each kind of change, those of plug-ins too.
    """

    max_statements: int = Field(default=40, ge=1, le=Capacity().instructions)
    """At most what the machine holds that runs candidates without compiling them."""
    max_slots: int = Field(default=4, ge=0, le=16)
    """The most slots of a program."""

    @model_validator(mode="after")
    def _some(self) -> "MutationConfig":
        if not any(self.kinds().values()):
            raise ValueError("no kind of change has a weight above 0")
        return self

    @model_serializer(mode="wrap")
    def _weights_first(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values = plain(self)
        return {name: values[name] for name in (*self.kinds(), *MutationConfig.model_fields)}

    @staticmethod
    def of_declared() -> "type[MutationConfig]":
        """The section with the keys of all kinds of change that are declared by now."""
        by_weight = sorted(CHANGES.values(), key=lambda change: (-change.weight, change.name))
        return _with_weights(tuple((each.name, each.weight) for each in by_weight))

    def kinds(self) -> dict[str, float]:
        """Weight by kind of change."""
        names = (
            name for name in type(self).model_fields if name not in MutationConfig.model_fields
        )
        return {name: getattr(self, name) for name in names}


@cache
def _with_weights(kinds: tuple[tuple[str, float], ...]) -> type[MutationConfig]:
    """The section with a key for each of some kinds of change, and its default weight."""
    weights: dict[str, Any] = {name: (Weight, weight) for name, weight in kinds}
    return create_model("MutationConfig", __base__=MutationConfig, **weights)
