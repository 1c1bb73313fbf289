"""The command line's manners: help with an example, exit statuses, one error line."""

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

COMMANDS = (
    "demo", "run", "sync", "detect", "plates", "plate-calibrate", "board", "calibrate", "reconstruct", "import",
    "kinematics", "view", "check", "export", "compare", "report",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, mocap_cli) -> None:
    done = mocap_cli(command, "--help")
    assert done.status == 0
    assert f"Example: mocap {command}" in " ".join(done.out.split())


def test_wrong_usage_is_status_2(mocap_cli) -> None:
    assert mocap_cli("calibrate").status == 2
    assert mocap_cli("no-such-command").status == 2


def test_a_refusal_is_one_line_and_status_1(mocap_cli, tmp_path) -> None:
    done = mocap_cli("run", str(tmp_path))
    assert done.status == 1
    assert done.error_line.startswith("error SESSION_MISSING: ")
    assert "Remedy: " in done.error_line


def test_the_module_is_the_command_and_tells_its_version() -> None:
    done = subprocess.run([sys.executable, "-m", "mocap", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mocap", version("mocap")]


def test_the_command_is_installed() -> None:
    from importlib.metadata import entry_points

    (script,) = [entry for entry in entry_points(group="console_scripts") if entry.name == "mocap"] or [None]
    if script is None:
        pytest.skip("the package is run from a checkout that is not installed")
    assert script.load() is sys.modules["mocap.cli"].main


# Says when it is being loaded; and some take whatever happens meanwhile for a lack of theirs.
SLOW_LIBRARY = """
import sys, time
print("loading", flush=True)
try:
    time.sleep(60)
except:
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_stopping_while_the_libraries_load_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text(SLOW_LIBRARY)
    there = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    line = "from mocap.cli import main; main()"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", line, "run", "."], env=there, **pipes) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "loading\n"
        started = time.monotonic()
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=60)
    assert program.returncode == 130 and time.monotonic() - started < 30
    assert err.splitlines() == ["", "Stopped. No file is half-written; the same line again keeps what was finished."]
