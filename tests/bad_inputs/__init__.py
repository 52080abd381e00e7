"""Every bad input of every command line, and what each says: `python -m tests.bad_inputs` prints the table."""
