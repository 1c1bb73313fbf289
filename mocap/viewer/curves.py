"""The dock under the 3D view: one angle over time, with a cursor that is tied to the time slider."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QPainterPath
from qtpy.QtWidgets import QComboBox, QGraphicsPathItem, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from mocap.trial import JointAngles
from mocap.viewer.angles import Curve, choices_of, curve_of, finite_runs, first_choice, nearest_frame, readout
from mocap.viewer.layers import SIDE_COLOUR
from mocap.viewer.sight import EYES

_GROUND = "#16181d"
_INK = "#c9ccd3"
_CURVE = "#f5d25a"
_CURSOR = "#ffffff"
_HEIGHT_PX = 250


class CurveDock(QWidget):
    """Angle curve with band and cursor, a list of angles, the read-out, the views and the legend.

    Parameters
    ----------
    time_s : ndarray, shape (time,)
        Frame times.
    angles : JointAngles or None
        On the same frames; without angles the dock still carries the cursor.

    Attributes
    ----------
    frame_requested : signal(int)
        The cursor was dragged to this frame.
    eye_requested : signal(str)
        A view of `mocap.viewer.sight.EYES` was chosen.
    """

    frame_requested = Signal(int)
    eye_requested = Signal(str)

    def __init__(self, time_s: NDArray, angles: JointAngles | None) -> None:
        super().__init__()
        self.frame = 0
        self.curve: Curve | None = None
        self._time_s = time_s
        self._angles = angles if angles is not None and angles.names else None
        self.angle_box, self.eye_box = QComboBox(), QComboBox()
        self.readout_label = QLabel()
        self.plot = pg.PlotWidget(background=_GROUND)
        self._band = QGraphicsPathItem()
        self._line = pg.PlotDataItem(pen=pg.mkPen(_CURVE, width=2), connect="finite")
        self._notice = pg.TextItem(color=_INK, anchor=(0.5, 0.5))
        self.cursor_line = pg.InfiniteLine(angle=90, movable=True, pen=pg.mkPen(_CURSOR, width=1.5))
        self._build_plot()
        self._build_bar()
        if self._angles is not None:
            self.choose(first_choice(self._angles))
        else:
            self._say("no angles in this trial: run `mocap kinematics` on it")
        self.show_frame(0)

    @property
    def cursor_frame(self) -> int:
        """The frame at which the cursor stands on the plot."""
        return nearest_frame(self._time_s, self.cursor_line.value())

    def choose(self, name: str) -> None:
        """Show the named angle."""
        if self._angles is None:
            return
        self.curve = curve_of(self._angles, name)
        self.angle_box.setCurrentIndex(self.angle_box.findData(name))
        shown = not self.curve.reason
        self._line.setData(self._time_s, self.curve.value_deg if shown else np.full(len(self._time_s), np.nan))
        self._band.setPath(_band_path(self.curve) if shown else QPainterPath())
        self.plot.setLabel("left", f"{name} [°]")
        sign = f"+ is {self.curve.positive}; the band is ± 1 SD" if self.curve.positive else ""
        self.plot.setToolTip("\n".join(filter(None, (sign, self.curve.meaning))))
        self._say(self.curve.reason)
        if shown:
            self._frame_values(self.curve)
        self._update_readout()

    def show_frame(self, frame: int) -> None:
        """Put the cursor and the read-out on a frame, without asking for it in return."""
        self.frame = frame
        self.cursor_line.blockSignals(True)
        self.cursor_line.setValue(float(self._time_s[frame]))
        self.cursor_line.blockSignals(False)
        self._update_readout()

    def _build_plot(self) -> None:
        item = self.plot.getPlotItem()
        item.showGrid(x=True, y=True, alpha=0.15)
        item.setMenuEnabled(False)
        item.hideButtons()
        for side in ("left", "bottom"):
            item.getAxis(side).setTextPen(_INK)
        self.plot.setLabel("bottom", "time [s]")
        self._line.setDownsampling(auto=True, method="peak")
        colour = pg.mkColor(_CURVE)
        colour.setAlpha(70)
        self._band.setBrush(pg.mkBrush(colour))
        self._band.setPen(pg.mkPen(None))
        for part in (self._band, self._line, self.cursor_line, self._notice):
            self.plot.addItem(part, ignoreBounds=True)
        first, last = float(self._time_s[0]), float(self._time_s[-1])
        self.cursor_line.setBounds((first, last))
        self.plot.setXRange(first, max(last, first + 1e-3), padding=0.02)
        self.cursor_line.sigPositionChanged.connect(self._on_drag)
        self.plot.scene().sigMouseClicked.connect(self._on_click)

    def _build_bar(self) -> None:
        for name, text in choices_of(self._angles) if self._angles is not None else ():
            self.angle_box.addItem(text, name)
        self.angle_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.angle_box.setMinimumContentsLength(24)
        self.angle_box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.angle_box.setEnabled(self._angles is not None)
        self.angle_box.activated.connect(lambda index: self.choose(self.angle_box.itemData(index)))
        self.eye_box.addItems(list(EYES))
        self.eye_box.textActivated.connect(self.eye_requested)
        self.readout_label.setStyleSheet(f"color: {_CURVE}; font-size: 16px; font-weight: bold;")
        bar = QHBoxLayout()
        bar.addWidget(self.angle_box)
        bar.addWidget(self.readout_label)
        bar.addStretch(1)
        bar.addWidget(QLabel(_legend()))
        bar.addSpacing(16)
        bar.addWidget(QLabel("view"))
        bar.addWidget(self.eye_box)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addLayout(bar)
        column.addWidget(self.plot)
        self.setMinimumHeight(_HEIGHT_PX)

    def _on_drag(self) -> None:
        frame = self.cursor_frame
        if frame != self.frame:
            self.frame_requested.emit(frame)

    def _on_click(self, event: object) -> None:
        if event.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            at = self.plot.getPlotItem().vb.mapSceneToView(event.scenePos()).x()  # type: ignore[attr-defined]
            self.frame_requested.emit(nearest_frame(self._time_s, at))

    def _frame_values(self, curve: Curve) -> None:
        low, high = (np.where(np.isfinite(edge), edge, curve.value_deg) for edge in curve.band_deg)
        bottom, top = float(np.nanmin(low)), float(np.nanmax(high))
        # At least 4 degrees, or the noise of a standing person would fill the plot like a movement.
        spare = max(0.0, 4.0 - (top - bottom)) / 2
        self.plot.setYRange(bottom - spare, top + spare, padding=0.08)

    def _say(self, text: str) -> None:
        self._notice.setText(text)
        self._notice.setVisible(bool(text))
        if text:
            self.plot.setYRange(-1, 1)
            self._notice.setPos(float(self._time_s[0] + self._time_s[-1]) / 2, 0.0)

    def _update_readout(self) -> None:
        if self.curve is not None:
            self.readout_label.setText(readout(self.curve, self.frame))


def _band_path(curve: Curve) -> QPainterPath:
    """Return one closed outline per stretch in which value and SD are both known."""
    low, high = curve.band_deg
    path = QPainterPath()
    for start, stop in finite_runs(low, high):
        time = curve.time_s[start:stop]
        outline = pg.arrayToQPath(
            np.concatenate([time, time[::-1]]), np.concatenate([high[start:stop], low[start:stop][::-1]])
        )
        path.addPath(outline)
    return path


def _legend() -> str:
    dots = [f'<span style="color:{_hex(colour)}">●</span> {side}' for side, colour in SIDE_COLOUR.items()]
    return "&nbsp; ".join([*dots, "○ filled"])


def _hex(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
