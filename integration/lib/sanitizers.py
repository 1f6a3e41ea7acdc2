"""What sanitizers report of the programs under test (SLUICE_BIN of the presets asan and tsan): each report fails a test.

They write to files, whoever started the program and wherever its log goes: import this before anything is started.
"""

import os
import pathlib
import tempfile
import threading

_folder = tempfile.TemporaryDirectory(prefix="sluice-sanitizers-")
_lock = threading.Lock()
_refused = {}  # how much of each file

_TO_FILES = f"log_path={_folder.name}/report:log_exe_name=1:print_suppressions=0"
# Little of what was freed is kept aside, for tests look at how much memory a host takes.
os.environ["ASAN_OPTIONS"] = f"{_TO_FILES}:quarantine_size_mb=16"
os.environ["TSAN_OPTIONS"] = _TO_FILES
os.environ["UBSAN_OPTIONS"] = "print_stacktrace=1"


def refuse_reports():
    """AssertionError if there is a report that was not refused before."""
    reports = _new_reports()
    assert not reports, "a sanitizer reports:\n" + "\n".join(report[:8000] for report in reports)


def _new_reports():
    reports = []
    with _lock:
        for file in sorted(pathlib.Path(_folder.name).iterdir()):
            text = file.read_text(errors="replace")
            new = text[_refused.get(file, 0):]
            _refused[file] = len(text)
            if new:
                reports.append(f"{file.name}\n{new}")
    return reports


def forget():
    """Leaves no file, for a process that ends without its own endings."""
    _folder.cleanup()
