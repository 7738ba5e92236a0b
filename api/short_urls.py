"""The public link of a code."""

from schemas.code import Code


def short_url(code: Code, base: str) -> str:
    """A code on a custom domain has that domain's link, any other the default one's."""
    return f"{f'https://{code.host}' if code.host else base}/{code.slug}"
