"""Runs the tests of one folder, and says how many passed."""

import io
import signal
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from sanitizers import refuse_reports


class _TimedResult(unittest.TextTestResult):
    passed = 0

    def startTest(self, test):
        self._started = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        try:
            refuse_reports()
        except AssertionError:
            self.addFailure(test, sys.exc_info())
            return
        self.passed += 1
        self.stream.write(f"{time.monotonic() - self._started:6.1f} s  ")
        super().addSuccess(test)


def end_on_sigterm():
    """Lets SIGTERM do what Ctrl-C does: unwind, so that what was started is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def run_tests(group, folder, names, workers=1):
    """Runs the tests in `folder`, or those of `names` (module, module.Class, ...). Returns whether all passed.

    `workers`: how many classes run at a time. With several, a class's lines come when it is done, and after an
    interrupt their threads are left behind: the caller takes away what they use, and ends the process.
    """
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromNames(names) if names else loader.discover(str(folder))
    results = [_run(tests)] if workers == 1 else _run_side_by_side(_classes(tests), workers)
    passed = sum(result.passed for result in results)
    failed = sum(len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses) for result in results)
    print(f"{group}: {passed} passed, {failed} failed")
    return failed == 0 and passed > 0


def _classes(tests):
    """A suite for each class."""
    suites = {}
    for test in _flat(tests):
        suites.setdefault(type(test), unittest.TestSuite()).addTest(test)
    return suites.values()


def _flat(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from _flat(test)
        else:
            yield test


def _run(suite, stream=None):
    return unittest.TextTestRunner(stream, verbosity=2, resultclass=_TimedResult).run(suite)


def _run_side_by_side(suites, workers):
    pool = ThreadPoolExecutor(workers)
    try:
        return list(pool.map(_run_quietly, suites))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _run_quietly(suite):
    text = io.StringIO()
    result = _run(suite, text)
    print(text.getvalue(), end="", flush=True)
    return result
