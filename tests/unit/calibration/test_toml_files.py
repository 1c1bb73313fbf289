"""Descriptions that are no TOML are refused in words, whatever the parser stumbles over."""

from collections.abc import Callable
from pathlib import Path

import pytest

from calibration.boards.board import read_board
from calibration.boards.wand import read_wand
from calibration.errors import FormatError, MocapError, SourceError
from calibration.world import read_landmarks
from mocap.config.build import read_toml as read_config
from mocap.errors import ConfigError

READERS: dict[str, Callable[[Path], object]] = {
    "BOARD_FORMAT": read_board,
    "WAND_FORMAT": read_wand,
    "LANDMARKS_FORMAT": lambda path: read_landmarks(path, ("a",)),
    "TOML": read_config,
}
BROKEN = {
    "no value": b"x = ",
    "no text": b"x = 'caf\xe9'",
    "brackets without end": b"x = " + b"[" * 100_000,
    "thousands of digits": b"x = " + b"1" * 5000,
    "a picture": b"\x89PNG\r\n\x1a\n\0\0",
}


@pytest.mark.parametrize("code", READERS)
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_no_toml_is_refused(tmp_path: Path, code: str, data: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(data)
    with pytest.raises((FormatError, ConfigError)) as refused:
        READERS[code](path)
    assert refused.value.code == code and "mine.toml" in refused.value.cause and "TOML" in refused.value.cause


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_missing_files_and_folders_are_told(tmp_path: Path, read: Callable[[Path], object]) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SourceError) as refused:
            read(path)
        assert isinstance(refused.value, MocapError) and "MISSING" in refused.value.code and refused.value.remedy
        assert str(path) in refused.value.cause
