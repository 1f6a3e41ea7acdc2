"""Runs the tests of one folder, and says how many passed."""

import signal
import time
import unittest


class _TimedResult(unittest.TextTestResult):
    passed = 0

    def startTest(self, test):
        self._started = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        self.passed += 1
        self.stream.write(f"{time.monotonic() - self._started:6.1f} s  ")
        super().addSuccess(test)


def end_on_sigterm():
    """Lets SIGTERM do what Ctrl-C does: unwind, so that what was started is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def run_tests(group, folder, names):
    """Runs the tests in `folder`, or those of `names` (module, module.Class, ...). Returns whether all passed."""
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromNames(names) if names else loader.discover(str(folder))
    result = unittest.TextTestRunner(verbosity=2, resultclass=_TimedResult).run(tests)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{group}: {result.passed} passed, {failed} failed")
    return failed == 0 and result.passed > 0
