"""Quantities over time that remember what they were made of, computed together in one compiled pass when asked for."""
