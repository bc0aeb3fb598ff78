"""The workers of a campaign.

jobs          the jobs of a campaign, and their time limits
worker        the worker that does them
ray_pool      the pool of several processes; the one of this process is in evaluators.workers
cpu_affinity  a processor core for each worker
"""
