"""A pool keeps the order of its jobs, tries a lost one once more, and names the one that failed."""

from evaluators.workers import Failed, JobQueue, SerialPool, WorkerFailure, run_all


class Halving:
    """Halves even numbers, and raises at odd ones."""

    compilations = 0

    def __init__(self):
        self.sizes = []

    def run(self, jobs):
        self.sizes.append(len(jobs))
        if any(job % 2 for job in jobs):
            raise ValueError("odd")
        return [job // 2 for job in jobs]


def test_all_jobs_are_run_in_their_order_and_only_the_bad_one_fails():
    worker, counted = Halving(), []
    pool = SerialPool(worker, batch=3)
    first, bad, last = run_all(pool, [4, 5, 6], 1.0, counted.append)
    assert [first.value, last.value] == [2, 3]
    assert isinstance(bad, Failed) and bad.failure is WorkerFailure.RAISED
    assert bad.note == "ValueError: odd" and isinstance(bad.error, ValueError)
    assert worker.sizes == [3, 1, 1, 1] and pool.retries == 3
    assert counted[0] == 0 and counted == sorted(counted)


def test_jobs_that_lost_their_worker_are_first_again_and_alone():
    queue = JobQueue()
    for number in range(4):
        queue.put(number, f"job {number}", 1.0)
    assert queue.lost(queue.take(2), WorkerFailure.DIED, "gone") == []
    assert queue.retries == 2 and len(queue) == 4
    (again,) = queue.take(3)
    assert (again.number, again.attempt) == (0, 2)
    assert queue.lost([again], WorkerFailure.HUNG, "late") == [
        Failed(0, WorkerFailure.HUNG, "late")
    ]
    assert [each.number for each in queue.take(3)] == [1]
    assert [each.number for each in queue.take(3)] == [2, 3]
