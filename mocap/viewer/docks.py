"""What stands beside the 3D view: the list of docks, and what each of them is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mocap.viewer.moment import Moment
from mocap.viewer.review import Desk, Review


class Dock(Protocol):
    """A widget beside the 3D view."""

    def show_review(self, review: Review) -> None:
        """Show a review in place of the one before: the same recording, decided otherwise."""


@dataclass(frozen=True, eq=False)
class Context:
    """What a dock is given.

    Attributes
    ----------
    desk : Desk
        Asked in threads (`mocap.viewer.work`); what it returns goes to `changed`.
    moment : Moment
    changed : callable
        To be told the review that the desk returned: the whole window shows it.
    viewer : napari.Viewer
    """

    desk: Desk
    moment: Moment
    changed: Callable[[Review], None]
    viewer: Any


@dataclass(frozen=True)
class DockKind:
    """A dock that the window has: its title, where it stands (`bottom`, `right`, ...), and what makes it.

    Docks of one area lie in tabs, the first one in front.
    """

    title: str
    area: str
    build: Callable[[Context], Any]


_BEHIND = "mocap_behind_tab"


def set_behind(dock: Any, behind: bool) -> None:
    """Note whether a dock lies behind another tab."""
    dock.setProperty(_BEHIND, behind)


def in_sight(dock: Any) -> bool:
    """Whether a dock is seen: Qt takes one for visible that lies behind another tab."""
    return bool(dock.isVisible()) and not dock.property(_BEHIND)
