"""The keys that say which Ray cluster the workers join; they decide nothing about results."""

import re

from pydantic import Field, field_validator

from evaluators.files.config_file import Section


class ClusterConfig(Section):
    """A Ray cluster that is up already; see docs/cluster.md."""

    address: str = "auto"
    """`auto` for the cluster that this machine belongs to; HOST:PORT of its head if there are
    several."""
    patience: float = Field(default=600.0, gt=0, le=1e6, allow_inf_nan=False)
    """Seconds without any worker after which the campaign gives up; it can be resumed."""

    @field_validator("address")
    @classmethod
    def _of_a_head(cls, value: str) -> str:
        if value != "auto" and not re.fullmatch(r"[^\s/]+:\d{1,5}", value):
            raise ValueError(f"wanted auto, or HOST:PORT of the head, met '{value}'")
        return value
