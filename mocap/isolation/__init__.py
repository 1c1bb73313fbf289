"""Files of unknown origin are parsed in a process of its own, with limits on memory, processor, clock and answer.

A file may crash, hang or fill the library that parses it, and a library of C may be made to do worse. So the process
that parses is never the one that works: it gets one file and one task of a fixed table, and gives back arrays and
plain words, of which the caller checks every size before believing it. No pickle passes in either direction.
"""

from mocap.isolation.answers import Answer
from mocap.isolation.worker import Lost, close_worker, parse, start_worker

__all__ = ["Answer", "Lost", "close_worker", "parse", "start_worker"]
