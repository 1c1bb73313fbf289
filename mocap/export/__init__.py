"""Hand-over to other programs."""

from mocap.export.tables import export_csv
from mocap.export.trials import EXPORTERS, export_trial

__all__ = ["EXPORTERS", "export_csv", "export_trial"]
