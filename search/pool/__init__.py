"""The workers of a campaign.

jobs          the jobs of a campaign, and their time limits
worker        the worker that does them
ray_pool      the pool of several processes; the one of this process is in evaluators.workers
join_ray      joins a Ray cluster, or starts a Ray on this machine
own_ray       the Ray on this machine, and whether it still lives
cluster       what is sent to the nodes of a cluster, and the versions that must agree
nodes         which workers are on which nodes, and whether one died
sayings       what workers say of long compiles, repeated by their driver
cpu_affinity  a processor core for each worker
"""
