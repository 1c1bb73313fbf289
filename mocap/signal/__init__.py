"""Series over time: filters and gaps."""
