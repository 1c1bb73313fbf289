"""What is shown to the cameras: boards, objects of tags and wands, read from files and printed."""
