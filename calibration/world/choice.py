"""Which world is wanted, as text: `floor:0-9,200-220`, `camera:left`, `lframe:frame.toml` and their like."""

import re
from dataclasses import dataclass
from itertools import pairwise

from calibration.errors import CalibrationError

#: What the text says before the colon, and the source of a `WorldFrame` that it means.
LANDMARK_KINDS = {
    "lframe": "l_frame",
    "points": "surveyed_points",
    "wand": "wand",
    "plumb": "plumb_line",
    "feet": "feet",
}
_SPAN = r"\d+(?:-\d+)?"
_FLOOR = re.compile(rf"floor:({_SPAN}(?:,{_SPAN})*)(?:@(\d+(?:\.\d+)?)mm)?")
_REMEDY = (
    "Write floor:FRAME or floor:FIRST-LAST (the board lies on the floor there), several places as "
    "floor:0-9,200-220, a board 5 mm thick as floor:0-9@5mm; camera:NAME; or lframe:, points:, wand:, plumb: or "
    "feet: with a FILE of landmarks."
)


@dataclass(frozen=True)
class WorldChoice:
    """Which world is wanted.

    Attributes
    ----------
    camera : str, optional
        The camera whose own frame it is; gravity is then unknown.
    first, last : int, optional
        First and last frame of the first placement of the board on the floor.
    spans : tuple of (int, int)
        First and last frame of every placement; made of `first` and `last` when left out.
    height_m : float
        Height of the board's printed side above the floor: its thickness.
    kind : str
        'floor', 'camera' or a key of `LANDMARK_KINDS`; found from the rest when left out.
    file : str, optional
        Where the landmarks are, of the other kinds.
    """

    camera: str | None = None
    first: int | None = None
    last: int | None = None
    spans: tuple[tuple[int, int], ...] = ()
    height_m: float = 0.0
    kind: str = ""
    file: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and not self.spans:
            last = self.first if self.last is None else self.last
            object.__setattr__(self, "spans", ((self.first, last),))
        if self.spans:
            object.__setattr__(self, "first", self.spans[0][0])
            object.__setattr__(self, "last", self.spans[0][1])
        if not self.kind:
            object.__setattr__(self, "kind", "floor" if self.spans else "camera")

    @property
    def on_floor(self) -> bool:
        """Whether gravity comes from a board on the floor."""
        return bool(self.spans)

    @property
    def needs_landmarks(self) -> bool:
        """Whether a file of landmarks has to be read."""
        return self.kind in LANDMARK_KINDS

    def describe(self) -> str:
        """Return the text that `parse_world` reads."""
        if self.needs_landmarks:
            return f"{self.kind}:{self.file}"
        if not self.on_floor:
            return f"camera:{self.camera}"
        spans = ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in self.spans)
        return f"floor:{spans}" + (f"@{1e3 * self.height_m:g}mm" if self.height_m else "")


def parse_world(text: str | None, camera_names: tuple[str, ...]) -> WorldChoice:
    """Read the text of a world; None is the first camera.

    `floor:12` and `floor:0-9` name the frames in which the board lies on the floor, `floor:0-9,200-220` those of
    several places, `@5mm` behind them the height of the printed side above the floor; `camera:NAME` a camera;
    `lframe:FILE`, `points:FILE`, `wand:FILE`, `plumb:FILE` and `feet:FILE` a file that `read_landmarks` reads.

    Raises
    ------
    CalibrationError
        WORLD_UNKNOWN when it is none of these, or there is no such camera.
    """
    if text is None:
        return WorldChoice(camera=camera_names[0])
    if not isinstance(text, str):
        raise CalibrationError(f"world = {text!r:.60} is no text.", _REMEDY, code="WORLD_UNKNOWN")
    text = text.strip()
    if match := _FLOOR.fullmatch(text):
        return _floor_choice(text, match[1], match[2])
    kind, _, name = text.partition(":")
    if kind == "camera" and name in camera_names:
        return WorldChoice(camera=name)
    if kind in LANDMARK_KINDS and name.strip():
        return WorldChoice(kind=kind, file=name.strip())
    cause = f"world '{text}' is not understood"
    if kind == "camera":
        cause = f"world '{text}' names no camera of {list(camera_names)}"
    raise CalibrationError(f"{cause}.", _REMEDY, code="WORLD_UNKNOWN")


def _floor_choice(text: str, listed: str, height_mm: str | None) -> WorldChoice:
    spans = []
    for part in listed.split(","):
        first, _, last = part.partition("-")
        spans.append((int(first), int(last or first)))
    if any(last < first for first, last in spans):
        raise CalibrationError(f"world '{text}' ends before it begins.", _REMEDY, code="WORLD_UNKNOWN")
    ordered = sorted(spans)
    if any(start <= end for (_, end), (start, _) in pairwise(ordered)):
        raise CalibrationError(f"world '{text}' names frames twice.", _REMEDY, code="WORLD_UNKNOWN")
    return WorldChoice(spans=tuple(spans), height_m=1e-3 * float(height_mm or 0.0))
