"""What every test runs under; the environment is set before anything imports JAX."""

import os

from tests.support.shape_checks import check_shapes

check_shapes()

from evaluators.training.environment import worker_environment  # noqa: E402

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = worker_environment({})["XLA_FLAGS"]
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"

from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile(
    "stepsmith",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("stepsmith")
