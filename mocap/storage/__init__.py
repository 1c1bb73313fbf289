"""The trial file: HDF5 that is netCDF-4 as well, one recording per file."""

from mocap.storage.check import check_trial
from mocap.storage.content import as_stored, content_sha256
from mocap.storage.findings import Finding
from mocap.storage.read import read_edits, read_events, read_identity, read_light, read_told, read_trial
from mocap.storage.software import software_versions
from mocap.storage.trial_file import TrialFile, open_trial_file
from mocap.storage.write import TrialWriter, write_trial, writing

__all__ = [
    "Finding", "TrialFile", "TrialWriter", "as_stored", "check_trial", "content_sha256", "open_trial_file",
    "read_edits", "read_events", "read_identity", "read_light", "read_told", "read_trial", "software_versions",
    "write_trial", "writing",
]  # fmt: skip
