"""Human pose models behind the one protocol of detectors; each library is imported when its detector is made."""
