"""The start: lenses of single cameras, poses of boards, and cameras placed along the graph of views."""
