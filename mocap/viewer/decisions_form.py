"""The form of the dock in which a reviewer decides: its tables, boxes and buttons, and where they stand."""

from collections.abc import Sequence

from qtpy.QtCore import QSettings, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

INITIALS = "initials"  # in the settings
_COLUMNS = ("repetition", "at [s]", "decision")
_MADE_COLUMNS = ("decision", "by, why")
_OUT, _WARN = QColor("#9aa0ab"), "#ffb060"


class DecisionsForm(QWidget):
    """What can be pressed and filled in; it knows of no trial."""

    def __init__(self) -> None:
        super().__init__()
        self.notice, self.state = _words(), _words()
        self.again_button = QPushButton("compute angles again")
        self.table, self.made_table = _table(_COLUMNS), _table(_MADE_COLUMNS)
        self.reason_edit, self.initials_edit = QLineEdit(), QLineEdit()
        self.accept_button, self.reject_button = QPushButton("accept"), QPushButton("reject")
        self.instant_box, self.put_button = QComboBox(), QPushButton("put here")
        self.span_label, self.points_box, self.camera_box = QLabel(), QComboBox(), QComboBox()
        self.from_button, self.to_button = QPushButton("from here"), QPushButton("to here")
        self.repetition_button = QPushButton("repetition")
        self.missing_button, self.swap_button = QPushButton("take out"), QPushButton("swap left and right")
        self.camera_button = QPushButton("leave out camera")
        self.undo_button, self.redo_button = QPushButton("undo"), QPushButton("redo")
        self.take_back_button = QPushButton("take this one back")
        self._build()

    def _build(self) -> None:
        self.reason_edit.setPlaceholderText("reason")
        self.reason_edit.setMaxLength(200)
        self.initials_edit.setPlaceholderText("initials")
        self.initials_edit.setMaxLength(12)
        self.initials_edit.setMaximumWidth(72)
        self.initials_edit.setText(str(QSettings("mocap", "review").value(INITIALS) or ""))
        self.notice.setStyleSheet(f"color: {_WARN}")
        self.put_button.setToolTip("move this instant of the repetition to the frame that is looked at")
        self.missing_button.setToolTip("these points are not used in these frames")
        self.swap_button.setToolTip("exchange the points of the right and the left in these frames")
        self.camera_button.setToolTip("what this camera saw of these points in these frames is not used")
        pages = QTabWidget()
        for title, page in (("repetitions", self._repetitions_page()), ("points and cameras", self._points_page()),
                            ("made", self._made_page())):  # fmt: skip
            pages.addTab(page, title)
        self.pages = pages
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(3)
        column.addWidget(self.notice)
        column.addWidget(self.again_button)
        column.addWidget(pages, stretch=1)
        column.addLayout(_line(self.reason_edit, self.initials_edit))
        column.addLayout(_line(self.undo_button, self.redo_button, self.state))
        self.setMinimumSize(260, 180)

    def _repetitions_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 3, 0, 0)
        column.addWidget(self.table, stretch=1)
        column.addLayout(_line(self.accept_button, self.reject_button, QLabel("  "), self.instant_box, self.put_button))
        return page

    def _points_page(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 3, 0, 0)
        grid.addWidget(self.span_label, 0, 0, 1, 3)
        for place, button in enumerate((self.from_button, self.to_button, self.repetition_button)):
            grid.addWidget(button, 1, place)
        grid.addWidget(self.points_box, 2, 0, 1, 2)
        grid.addWidget(self.missing_button, 2, 2)
        grid.addWidget(self.swap_button, 3, 0, 1, 3)
        grid.addWidget(self.camera_box, 4, 0)
        grid.addWidget(self.camera_button, 4, 1, 1, 2)
        grid.setRowStretch(5, 1)
        return page

    def _made_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 3, 0, 0)
        column.addWidget(self.made_table, stretch=1)
        column.addLayout(_line(self.take_back_button))
        return page

def _table(columns: Sequence[str]) -> QTableWidget:
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(list(columns))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setWordWrap(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(22)
    head = table.horizontalHeader()
    head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    head.setStretchLastSection(True)
    return table


def fill(table: QTableWidget, row: int, words: Sequence[str], faint: bool = False) -> None:
    """Write the words of a row, from the first column on."""
    for column, text in enumerate(words):
        item = QTableWidgetItem(text)
        item.setToolTip(text)
        if faint:
            item.setForeground(_OUT)
        table.setItem(row, column, item)


def _words(text: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def _line(*parts: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(4)
    for part in parts:
        line.addWidget(part)
    return line
