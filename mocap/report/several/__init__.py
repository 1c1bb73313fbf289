"""Pages of several recordings: conditions against each other, and one person over visits."""
