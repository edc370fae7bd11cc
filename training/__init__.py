"""What produces a scorer: audit, labels, backtest, fit, calibration, evaluation, tracking."""
