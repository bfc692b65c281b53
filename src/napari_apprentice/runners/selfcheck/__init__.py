"""*Check this computer*: what is installed, and whether each device computes what the processor computes."""

from napari_apprentice.runners.selfcheck.devices import DeviceCheck, check_devices
from napari_apprentice.runners.selfcheck.report import Report, check_computer

__all__ = ["DeviceCheck", "Report", "check_computer", "check_devices"]
