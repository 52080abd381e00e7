"""What the system takes: long runs, large inputs, many sources and many runs, measured by `python -m tests.load`."""
