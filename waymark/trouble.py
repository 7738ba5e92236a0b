"""What a person has to put right, said in one line."""


class Trouble(RuntimeError):
    """Its text is shown as it is, and nothing else."""
