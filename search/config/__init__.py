"""The config of a campaign: every key, its range and its default.

campaign      the config as a whole
programs      what programs are made of: primitives, and the changes of a mutation
judging       how long the search is, and how programs are judged
resuming      the keys that may change when a run is resumed
cluster       the Ray cluster that workers join
load          reads a file or a mapping, and `--set` overrides; compares a config with a stored one
"""

from search.config.campaign import Config
from search.config.cluster import ClusterConfig
from search.config.judging import EvaluationConfig, ReductionConfig, ScreenConfig
from search.config.load import check_same, config_of, load_config
from search.config.programs import MutationConfig, PrimitivesConfig

__all__ = [
    "ClusterConfig",
    "Config",
    "EvaluationConfig",
    "MutationConfig",
    "PrimitivesConfig",
    "ReductionConfig",
    "ScreenConfig",
    "check_same",
    "config_of",
    "load_config",
]
