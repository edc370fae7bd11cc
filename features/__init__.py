"""What was known about a lead at an instant: one implementation, for one lead and for a million."""
