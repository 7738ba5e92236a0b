"""What a question can end in besides its answer."""


class Unavailable(Exception):
    """The warehouse is away, too slow or too busy to answer now. Asking again later may help."""
