"""Gait: events, cycles, times and lengths, curves over the cycle, scores against a norm."""

from mocap.assessment.gait.cycles import Cycle, find_cycles
from mocap.assessment.gait.events import Walk, find_walk
from mocap.assessment.gait.settings import ContactSettings, PassSettings
from mocap.assessment.gait.spatiotemporal import spatiotemporal

__all__ = ["ContactSettings", "Cycle", "PassSettings", "Walk", "find_cycles", "find_walk", "spatiotemporal"]
