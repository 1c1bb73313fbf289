"""Fixtures that every test may use."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings; they are not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real recordings are not at {SHARED_DATA}")
    return SHARED_DATA


@dataclass(frozen=True)
class CommandDone:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def error_line(self) -> str:
        """The one line of a refusal; fails when there is a traceback or more than one such line."""
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("error ")]
        assert len(lines) == 1, self.err
        return lines[0]


@pytest.fixture
def mocap_cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., CommandDone]:
    """Run the command line in this process: `mocap_cli("check", "trial.h5")`."""
    from mocap.cli import main

    def run(*arguments: object) -> CommandDone:
        monkeypatch.setattr(sys, "argv", ["mocap", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
            raise SystemExit(0)
        printed = capsys.readouterr()
        return CommandDone(int(stop.value.code or 0), printed.out, printed.err)

    return run
