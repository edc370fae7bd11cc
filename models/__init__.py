"""What a fitted scorer is: heads, calibration, grades, reasons, definition, artifact. Nothing here fits."""
