"""What would spoil a session, found before hours are spent on it: files, footage, board, calibration, keypoints."""
