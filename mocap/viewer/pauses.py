"""What there is between two steps of long work that only the window's own thread may do."""

from collections.abc import Generator
from enum import Enum
from typing import TypeVar

_T = TypeVar("_T")


class Pause(Enum):
    """What there is between two steps."""

    MAY = "the window may answer"
    MUST = "the next step rests on what the window makes of the last one"


MAY_PAUSE, MUST_PAUSE = Pause.MAY, Pause.MUST
Steps = Generator[Pause, None, _T]
