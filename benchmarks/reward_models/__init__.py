"""What ``benchmarks/scorers.py`` measures: random checkpoints, the published call patterns, the bare forwards."""
