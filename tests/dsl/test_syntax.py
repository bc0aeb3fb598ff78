"""Trees of Python text, built by several threads."""

import gc
import sys
from threading import Thread

from dsl.syntax import expression_tree, syntax_tree

DEEP = "(" * 40 + "1" + ")" * 40
TEXT = "\n".join([f"x = {DEEP}"] * 60)


def test_threads_that_build_trees_at_once_do_not_disturb_one_another():
    failed: list[SystemError] = []

    def build() -> None:
        for _ in range(60):
            try:
                syntax_tree(TEXT)
                expression_tree(DEEP)
            except SystemError as error:
                failed.append(error)

    def switch(*_: object) -> None:
        """Python code in the middle of a tree, where another thread may take over."""
        sum(range(50))

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    gc.callbacks.append(switch)
    try:
        threads = [Thread(target=build) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.callbacks.remove(switch)
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)
    assert not failed
