"""Hand-over to other programs."""

from mocap.export.formats import FORMATS, ExportFormat, format_for
from mocap.export.tables import export_csv

__all__ = ["FORMATS", "ExportFormat", "export_csv", "format_for"]
