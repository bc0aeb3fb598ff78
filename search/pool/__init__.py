"""The workers of a campaign.

worker        the jobs of a campaign, and the worker that does them
ray_pool      the pool of several processes; the one of this process is in evaluators.workers
time_limit    seconds that a job may take
cpu_affinity  a processor core for each worker
"""
