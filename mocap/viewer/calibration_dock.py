"""The dock of a calibration: its verdict, the table of cameras, what each of them saw, and the choice of the map."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor, QImage, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from calibration.quality.error_map import ErrorMap
from mocap.viewer.calibration_scene import (
    NOISE_ERROR,
    CalibrationView,
    board_legend,
    camera_words,
    coverage_picture,
    heights_m,
    legend_of,
    map_words,
    table_cells,
)
from mocap.viewer.calibration_window import CELLS, ONE_HEIGHT, QUANTITIES, VOLUME

_COLUMNS = ("camera", "verdict", "rms px", "views", "image %", "place ± mm")
_TIPS = ("", "good, usable or refuse", "of the reprojection, over the views used", "of the board that were used",
         "of the image in which a corner was seen", "uncertainty of the camera's place, 1 SD")  # fmt: skip
_GRADE_COLOURS = {"good": "#c9ccd3", "usable": "#ffb060", "refuse": "#ff6ec7"}
_PICTURE_PX = 230
_MOST_CHECKS = 6
_TABLE_PX = 190


class CalibrationDock(QWidget):
    """What is known of a calibration, and the choice of what the map tells.

    Parameters
    ----------
    view : CalibrationView

    Attributes
    ----------
    map_chosen : signal()
        `errors`, `quantity` or `layer` are others now.
    camera_chosen : signal(str)
    look_asked : signal()
    """

    map_chosen = Signal()
    camera_chosen = Signal(str)
    look_asked = Signal()

    def __init__(self, view: CalibrationView) -> None:
        super().__init__()
        self.view = view
        self._maps: dict[str, ErrorMap] = {}
        self.quantity_box, self.region_box, self.shape_box = QComboBox(), QComboBox(), QComboBox()
        self.height_slider = QSlider(Qt.Orientation.Horizontal)
        self.height_label, self.legend_label, self.map_label = QLabel(), QLabel(), QLabel()
        self.verdict_label, self.camera_label, self.picture_label = QLabel(), QLabel(), QLabel()
        self.look_button = QPushButton("see all")
        self.table = QTableWidget(len(view.cameras), len(_COLUMNS))
        self._build()

    @property
    def errors(self) -> ErrorMap | None:
        """The map that is shown; None while it is computed."""
        return self._maps.get(str(self.region_box.currentData()))

    @property
    def quantity(self) -> str:
        """What the map tells: `calibration`, `noise` or `cameras`."""
        return str(self.quantity_box.currentData())

    @property
    def layer(self) -> int | None:
        """The layer of cells that is shown; None for all."""
        return self.height_slider.value() if self.shape_box.currentData() == ONE_HEIGHT else None

    def take_map(self, region: str, errors: ErrorMap) -> None:
        """Take a map that was read or computed; the first one is shown at once."""
        first = not self._maps
        self._maps[region] = errors
        self.region_box.addItem(region, region)
        if first:
            if not np.isfinite(errors.calibration_sd_mm).any():
                self.quantity_box.setCurrentIndex(self.quantity_box.findData(NOISE_ERROR))
            self._show_map()
        elif region == VOLUME:
            self.choose(region=VOLUME)

    def choose(self, quantity: str | None = None, region: str | None = None, shape: str | None = None) -> None:
        """Choose what the map tells, of where, and which cells are drawn."""
        for box, wanted in ((self.quantity_box, quantity), (self.region_box, region), (self.shape_box, shape)):
            if wanted is not None:
                box.setCurrentIndex(box.findData(wanted))
        self._show_map()

    def choose_camera(self, name: str) -> None:
        """Tell of a camera."""
        names = [row.name for row in self.view.cameras]
        if name in names:
            self.table.selectRow(names.index(name))

    def _build(self) -> None:
        for key, text in QUANTITIES.items():
            self.quantity_box.addItem(text, key)
        for text in (CELLS, ONE_HEIGHT):
            self.shape_box.addItem(text, text)
        for label in (self.verdict_label, self.camera_label, self.map_label, self.legend_label):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._build_table()
        self.verdict_label.setText(_verdict_html(self.view))
        self.verdict_label.setToolTip(self.view.verdict)
        self.camera_label.setText("<br>".join(_safe(check) for check in self.view.checks[:_MOST_CHECKS]))
        self.camera_label.setToolTip("\n".join(self.view.checks))
        grid = QGridLayout()
        grid.addWidget(self.quantity_box, 0, 0, 1, 3)
        grid.addWidget(self.region_box, 1, 0)
        grid.addWidget(self.shape_box, 1, 1)
        grid.addWidget(self.look_button, 1, 2)
        height = QHBoxLayout()
        height.addWidget(self.height_slider, 1)
        height.addWidget(self.height_label)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addWidget(self.verdict_label)
        column.addLayout(grid)
        column.addLayout(height)
        for part in (self.legend_label, self.map_label, self.table):
            column.addWidget(part)
        column.addWidget(self._told(), 1)
        for box in (self.quantity_box, self.region_box, self.shape_box):
            box.activated.connect(lambda _: self._show_map())
        self.height_slider.valueChanged.connect(lambda _: self._show_map())
        self.look_button.clicked.connect(self.look_asked)
        self.map_label.setText("computing the map ...")
        self.height_slider.setVisible(False)
        self.height_label.setVisible(False)

    def _told(self) -> QScrollArea:
        """Return what is told of a camera: words of any length must not make the window higher than the screen."""
        told = QWidget()
        column = QVBoxLayout(told)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.camera_label)
        column.addWidget(self.picture_label)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(told)
        area.setMinimumHeight(80)
        return area

    def _build_table(self) -> None:
        table = self.table
        table.setHorizontalHeaderLabels(_COLUMNS)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(20)
        table.setFixedHeight(min(max(28 + 20 * len(self.view.cameras), 90), _TABLE_PX))
        for column, (width, tip) in enumerate(zip((80, 58, 58, 48, 62, 76), _TIPS, strict=True)):
            table.setColumnWidth(column, width)
            table.model().setHeaderData(column, Qt.Orientation.Horizontal, tip, Qt.ItemDataRole.ToolTipRole)
        table.horizontalHeader().setStretchLastSection(True)
        for number, row in enumerate(self.view.cameras):
            for column, text in enumerate(table_cells(row)):
                item = QTableWidgetItem(text)
                item.setToolTip(camera_words(row))
                item.setForeground(QBrush(QColor(_GRADE_COLOURS.get(row.grade, "#c9ccd3"))))
                table.setItem(number, column, item)
        table.itemSelectionChanged.connect(self._on_camera)

    def _on_camera(self) -> None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        if not rows:
            return
        row = self.view.cameras[min(rows)]
        self.camera_label.setText(_safe(camera_words(row)))
        if row.counts is None:
            self.picture_label.clear()
        else:
            self.picture_label.setPixmap(_pixmap(coverage_picture(row.counts)))
            what = "points that it saw" if self.view.boards is None else "corners of the board"
            seen = (f"<b>{what}, by place in its image</b> (light: many; grey: none), out to {row.reach_pct:.0f} % "
                    "of the way to its corner")
            self.camera_label.setText(f"{_safe(camera_words(row))}<br>{seen}")
        self.camera_chosen.emit(row.name)

    def _show_map(self) -> None:
        errors = self.errors
        if errors is None:
            return
        one_height = self.shape_box.currentData() == ONE_HEIGHT
        heights = heights_m(errors)
        self.height_slider.blockSignals(True)
        if self.height_slider.maximum() != len(heights) - 1:
            self.height_slider.setRange(0, len(heights) - 1)
            self.height_slider.setValue(len(heights) // 2)
        self.height_slider.blockSignals(False)
        self.height_slider.setVisible(one_height)
        self.height_label.setVisible(one_height)
        word = "height" if self.view.rig.gravity_known else "along the images' up"
        self.height_label.setText(f"{word} {heights[self.height_slider.value()]:.2f} m")
        legend = _swatches(legend_of(errors, self.quantity))
        boards = "" if self.view.boards is None else f"<br>{_swatches(board_legend())}"
        self.legend_label.setText(f"{legend}{boards}")
        self.map_label.setText(map_words(errors, self.quantity))
        self.map_chosen.emit()


def _verdict_html(view: CalibrationView) -> str:
    boards = "" if view.boards is None else f", {len(view.boards.frames)} places of the board"
    lines = [f"<b>{_safe(view.title)}</b>: {len(view.cameras)} cameras{boards}"]
    if view.verdict:
        lines.append(_safe(_shortened(view.verdict)))
    unknown = "Gravity is unknown: the picture stands as the cameras' images do."
    notes = view.notes if view.rig.gravity_known else (*view.notes, unknown)
    lines += [f'<span style="color:#ffb060">{_safe(note)}</span>' for note in notes]
    return "<br>".join(lines)


def _shortened(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _swatches(rows: tuple[tuple[tuple[int, int, int], str], ...]) -> str:
    return "&nbsp; ".join(
        f'<span style="color:#{red:02x}{green:02x}{blue:02x}">■</span> {word}' for (red, green, blue), word in rows
    )


def _pixmap(picture: NDArray) -> Any:
    rows, columns = picture.shape[:2]
    data = np.ascontiguousarray(picture)
    image = QImage(data.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
    width, height = (_PICTURE_PX, _PICTURE_PX * rows // columns) if columns >= rows else (
        _PICTURE_PX * columns // rows, _PICTURE_PX)  # fmt: skip
    return QPixmap.fromImage(image).scaled(width, height)


