"""The dock with a camera's picture: the frame of the moment, and over it what was seen and what the 3D points say."""

from pathlib import Path

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mocap.errors import MocapError, ViewerError
from mocap.viewer.docks import Context, in_sight
from mocap.viewer.layers import SIDE_COLOUR, Scene
from mocap.viewer.picture_cache import AHEAD, PictureCache
from mocap.viewer.review import Review
from mocap.viewer.video import NEAR_PX, Overlay, overlay_of
from mocap.viewer.work import in_thread, tell_error

_GROUND, _INK, _RESIDUAL, _CHOSEN = "#16181d", "#c9ccd3", "#ed59bf", "#ffffff"
_GREY = 40
_PALE, _WHOLE = 0.35, 1.0


class VideoDock(QWidget):
    """A camera's picture with its keypoints; see `mocap.viewer.docks.Dock`.

    Attributes
    ----------
    marked : signal(str, str, float, float)
        Camera, point, u and v in px: where the user says that the camera sees the chosen point.
    shown : signal(str, object)
        Camera and picture (height, width, 3) whenever another one is shown; None where none is.
    late : signal(bool)
        Whether the picture is of another moment still.
    """

    marked = Signal(str, str, float, float)
    shown = Signal(str, object)
    late = Signal(bool)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._moment, self._review, self._context = context.moment, context.desk.review, context
        self._scene: Scene = self._review.scene
        self._cache = _cache_of(self._review)
        self._wanted: tuple[str, int] = ("", -1)
        self._asked: tuple[str, int] | None = None
        self._bad: dict[tuple[str, int], str] = {}
        self.overlay: Overlay | None = None
        self.picture_at: tuple[str, int] = ("", -1)
        self.camera_box, self.mark_button, self.words = QComboBox(), QPushButton("mark point"), QLabel()
        self.points_box, self.pictures_button = QCheckBox("keypoints"), QPushButton("pictures...")
        self.view = pg.GraphicsLayoutWidget()
        self.view.setBackground(_GROUND)
        self._box = self.view.addViewBox(lockAspect=True, invertY=True, enableMenu=False)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._residuals = pg.PlotCurveItem(pen=pg.mkPen(_RESIDUAL, width=1.5), connect="pairs")
        self._detected, self._reprojected = _dots("o", 9), _dots("+", 9)
        self._build()
        self._moment.frame_changed.connect(self._moved)
        self._moment.camera_changed.connect(self._camera_chosen)
        self._moment.point_changed.connect(lambda name: self._draw_overlay())
        if self._cameras:
            self._camera_chosen(self._moment.camera or self._cameras[0])
        else:
            self.words.setText("no cameras in this trial")

    @property
    def _cameras(self) -> tuple[str, ...]:
        rig = self._review.trial.rig
        return () if rig is None else rig.names

    def show_review(self, review: Review) -> None:
        """Show the keypoints and points of a review."""
        if review.footage is not self._review.footage:
            self._cache, self._asked, self.picture_at = _cache_of(review), None, ("", -1)
            self._bad.clear()
        self._review, self._scene = review, review.scene
        self._moved(self._moment.frame)

    def load_now(self) -> None:
        """Show the picture of this frame before this returns: for films and tests.

        Raises
        ------
        MocapError
            Where it cannot be read.
        """
        camera, place = self._wanted
        if self._cache is not None and place >= 0:
            self._set_picture(camera, place, self._cache.fetch(camera, place))

    def tell_again(self) -> None:
        """Tell what is shown to those who came later."""
        camera, place = self.picture_at
        if place >= 0:
            self.shown.emit(camera, self._image.image)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what was chosen while the dock was hidden."""
        self._moved(self._moment.frame)

    def hideEvent(self, event: QHideEvent) -> None:
        """Take the picture from the frustum: hidden, the dock follows no more."""
        self.picture_at = ("", -1)
        self.shown.emit(self.camera_box.currentText(), None)

    def fit(self) -> None:
        """Show the whole picture."""
        camera = self._camera()
        if camera is not None:
            width, height = camera.size
            self._box.setRange(xRange=(-0.5, width - 0.5), yRange=(-0.5, height - 0.5), padding=0.0)

    def _build(self) -> None:
        self.camera_box.addItems(list(self._cameras))
        self.camera_box.textActivated.connect(self._moment.choose_camera)
        self.camera_box.setToolTip("camera (keys 1 to 8)")
        self.points_box.setChecked(True)
        self.points_box.toggled.connect(lambda on: self._draw_overlay())
        self.mark_button.setCheckable(True)
        self.mark_button.setToolTip("to move a point of this frame: choose it, press this, click where it is seen")
        fit = QPushButton("fit")
        fit.clicked.connect(lambda: self.fit())
        bar = QHBoxLayout()
        self.pictures_button.setToolTip("choose the folder with a video or a folder of images per camera")
        self.pictures_button.clicked.connect(lambda: self._ask_for_pictures())
        for part in (self.camera_box, self.points_box, self.mark_button, fit, self.pictures_button):
            bar.addWidget(part)
        bar.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(2)
        column.addLayout(bar)
        column.addWidget(self.view, stretch=1)
        column.addWidget(self.words)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        for part in (self._image, self._residuals, self._detected, self._reprojected):
            self._box.addItem(part, ignoreBounds=True)
        self._box.disableAutoRange()
        self.view.scene().sigMouseClicked.connect(self._clicked)
        self.setMinimumSize(260, 180)

    def _camera(self):  # type: ignore[no-untyped-def]  # Camera or None
        rig, name = self._review.trial.rig, self.camera_box.currentText()
        return None if rig is None or name not in rig.names else rig.cameras[rig.names.index(name)]

    def _camera_chosen(self, name: str) -> None:
        if name not in self._cameras:
            return
        if self._moment.camera != name:
            self._moment.choose_camera(name)  # comes back here
            return
        self.camera_box.setCurrentText(name)
        self.picture_at = ("", -1)
        self._image.clear()
        self._moved(self._moment.frame)
        self.fit()

    def _moved(self, frame: int) -> None:
        if not in_sight(self) or not self._cameras:
            return
        name, footage = self.camera_box.currentText(), self._review.footage
        place = footage.place(name, frame) if footage is not None and name in footage.cameras else -1
        self._wanted = (name, place)
        known = self._cache.known(name, place) if self._cache is not None and place >= 0 else None
        if known is not None:
            self._set_picture(name, place, known)
        elif place >= 0 and self._wanted not in self._bad:
            self._pale(True)  # of another moment, until this one's is read
        else:
            self._blank()
        self.pictures_button.setVisible(footage is None or name not in footage.cameras)
        self._fetch()
        self._draw_overlay()

    def _fetch(self) -> None:
        """Have the wanted picture and the ones after it read in a thread; one such thread at a time."""
        camera, place = self._wanted
        cache, footage = self._cache, self._review.footage
        if cache is None or footage is None or place < 0 or self._asked is not None:
            return
        frame, last = self._moment.frame, self._moment.n_frames - 1
        wanted = [footage.place(camera, one) for one in range(frame, min(frame + AHEAD, last) + 1)]
        missing = [one for one in dict.fromkeys(wanted)
                   if one >= 0 and cache.known(camera, one) is None and (camera, one) not in self._bad]  # fmt: skip
        if not missing:
            return
        self._asked = (camera, missing[0])

        def read() -> NDArray:
            return cache.fetch(camera, missing[0])

        in_thread(
            read, lambda image: self._read(cache, image), lambda error: self._refused(cache, error), owner=self
        )  # fmt: skip

    def _read(self, cache: PictureCache, image: NDArray) -> None:
        if cache is not self._cache:
            return  # of pictures that others took the place of
        asked, self._asked = self._asked, None
        if asked is not None and asked == self._wanted:
            self._set_picture(*asked, image)
            self.words.setText(self._words())
        self._fetch()

    def _refused(self, cache: PictureCache, error: MocapError) -> None:
        if cache is not self._cache:
            return
        asked, self._asked = self._asked, None
        if asked is not None:
            self._bad[asked] = str(error)
        if asked == self._wanted:
            self._blank()
            self.words.setText(self._words())
        self._fetch()  # one that is missing is no obstacle to those after it

    def _set_picture(self, camera: str, place: int, image: NDArray) -> None:
        if self.picture_at != (camera, place):
            self._show_image(image)
            self.picture_at = (camera, place)
            self.shown.emit(camera, image)
        self._pale(False)

    def _show_image(self, image: NDArray) -> None:
        """Draw a picture over the camera's frame, as in the frustum: the middle of a pixel is at whole numbers."""
        camera = self._camera()
        height, width = image.shape[:2] if camera is None else camera.size[::-1]
        self._image.setImage(image, autoLevels=False, levels=(0, 255))
        self._image.setRect(-0.5, -0.5, width, height)

    def _blank(self) -> None:
        camera = self._camera()
        if camera is not None and (self.picture_at[1] != -1 or self._image.image is None):
            width, height = camera.size
            self._show_image(np.full((height, width, 3), _GREY, np.uint8))
        self._pale(False)
        nothing = (self.camera_box.currentText(), -1)
        if self.picture_at != nothing:
            self.picture_at = nothing
            self.shown.emit(nothing[0], None)

    def _pale(self, on: bool) -> None:
        if on != (self._image.opacity() == _PALE):
            self._image.setOpacity(_PALE if on else _WHOLE)
            self.late.emit(on)

    def _draw_overlay(self) -> None:
        rig, camera = self._review.trial.rig, self._camera()
        if rig is None or camera is None or not in_sight(self):
            return
        index = rig.names.index(camera.name)
        self.overlay = overlay_of(self._scene, self._review.parts, camera, index, self._moment.frame)
        shown = self.points_box.isChecked()
        for part in (self._detected, self._reprojected, self._residuals):
            part.setVisible(shown)
        if shown:
            colours = [pg.mkPen(_colour(side), width=1.5) for side in self.overlay.sides]
            _set_dots(self._detected, self.overlay.detected, colours, self._chosen())
            _set_dots(self._reprojected, self.overlay.reprojected, colours, self._chosen())
            both = np.stack([self.overlay.detected, self.overlay.reprojected], axis=1)
            both = both[np.isfinite(both).all(axis=(1, 2))].reshape(-1, 2)
            self._residuals.setData(both[:, 0], both[:, 1])
        self.words.setText(self._words())

    def take_pictures(self, folder: Path) -> None:
        """Look for the cameras' pictures in a folder, beside the window."""
        in_thread(lambda: self._context.desk.take_pictures(folder), self._context.changed, owner=self)

    def _ask_for_pictures(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with a video or a folder of images per camera")
        if folder:
            self.take_pictures(Path(folder))

    def _words(self) -> str:
        camera, place = self._wanted
        parts = [self.overlay.words if self.overlay is not None else ""]
        if self._review.footage is None or camera not in self._review.footage.cameras:
            parts.append("no pictures of this camera")
        elif place < 0:
            parts.append("this camera took no picture at this moment")
        elif self._wanted in self._bad:
            parts.append(self._bad[self._wanted])
        else:
            parts.append(f"picture {place}{self._size_words()}")
        return "   ".join(filter(None, parts))

    def _size_words(self) -> str:
        """Tell of a picture that has not the size that the camera was calibrated with."""
        camera, image = self._camera(), self._image.image
        if camera is None or image is None or image.shape[1::-1] == camera.size:
            return ""
        shown, calibrated = (f"{width} x {height}" for width, height in (image.shape[1::-1], camera.size))
        return (f" is {shown} px, and the camera was calibrated with {calibrated}: "
                "points may be drawn beside what they are of")  # fmt: skip

    def _chosen(self) -> int:
        name = self._moment.point
        return self._scene.names.index(name) if name in self._scene.names else -1

    def _clicked(self, event: object) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self.overlay is None:  # type: ignore[attr-defined]
            return
        at = self._box.mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        place = np.array([at.x(), at.y()])
        camera = self._camera()
        if self.mark_button.isChecked() and self._moment.point and camera is not None:
            if not ((place >= -0.5) & (place < np.array(camera.size) - 0.5)).all():
                tell_error(ViewerError("This is outside of the picture.", "Click where the point is.", "MARK_OUTSIDE"))
                return
            self.marked.emit(self.camera_box.currentText(), self._moment.point, float(at.x()), float(at.y()))
            self.mark_button.setChecked(False)
            return
        per_px = self._box.viewPixelSize()[0]
        found = self.overlay.nearest(place, NEAR_PX * per_px)
        if found:
            self._moment.choose_point(found)


def _cache_of(review: Review) -> PictureCache | None:
    return None if review.footage is None else PictureCache(review.footage)


def _dots(symbol: str, size: int) -> pg.ScatterPlotItem:
    return pg.ScatterPlotItem(symbol=symbol, size=size, brush=pg.mkBrush(None), pxMode=True)


def _set_dots(item: pg.ScatterPlotItem, place: NDArray, pens: list[object], chosen: int) -> None:
    """Draw the points that are there; the chosen one in white."""
    there = np.flatnonzero(np.isfinite(place).all(axis=1))
    pen = [pg.mkPen(_CHOSEN, width=2.5) if row == chosen else pens[row] for row in there]
    item.setData(pos=place[there], pen=pen)


def _colour(side: str) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in SIDE_COLOUR[side])
