"""The pictures of the pages are those that their script draws."""

import importlib.util
from pathlib import Path

import pytest

from tests.docs.site import PAGES, ROOT


def test_pictures_are_as_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("draw", ROOT / "docs" / "draw.py")
    assert spec is not None and spec.loader is not None
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    monkeypatch.setattr(draw, "OUT", tmp_path)
    draw.draw_all()
    committed = {path.name: path.read_text(encoding="utf-8") for path in (PAGES / "pictures").glob("*.svg")}
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.svg")} == committed
