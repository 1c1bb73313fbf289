"""Plug-in Gait from markers, a standing trial and the measures of the person, as Vicon's own software computes it.

Sources: Davis 1991 (hip centre, feet), Kadaba 1990 (chord function, angles); exact details as measured on recordings
that carry Vicon's own output.
"""
