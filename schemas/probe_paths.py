"""Paths that programs request from every host: vulnerability scanners, and browsers and crawlers for their own files;
and the paths that Waymark's services use themselves.

No code gets such a slug, so a redirector answers without asking Redis and records nothing.
"""

import re

_PROBE = re.compile(
    r"""
      \..*                                                             # .env, .git, .aws, .well-known, …
    | .*\.(?:php\d?|phtml|aspx?|ashx|jspx?|cgi|env|sql|bak|swp|ini)    # programs, and what they leave about
    | wp-(?:admin|login|content|includes|json|config|cron|signup|trackback|comments-post)(?:[.~-].*)?
    | xmlrpc | phpmyadmin | cgi-bin
    | sitemap[\w-]*\.xml | browserconfig\.xml | crossdomain\.xml | clientaccesspolicy\.xml
    | (?:apple-touch-icon|favicon)[\w-]*\.(?:png|ico|svg)
    | (?:app-)?ads\.txt | sellers\.json | security\.txt | humans\.txt | llms(?:-full)?\.txt
    | manifest\.json | site\.webmanifest | manifest\.webmanifest | service-worker\.js | sw\.js
    """,
    re.IGNORECASE | re.VERBOSE,
)


# First parts that a slug of several parts must not have.
RESERVED_PARENTS = frozenset(
    {"q", "r", "f", "-", "v1", "api", "mcp", "custom-domains", "dashboard", "assets", "static"}
)


def is_probe(slug: str) -> bool:
    first, slash, rest = slug.partition("/")
    if not slash:
        return _PROBE.fullmatch(slug) is not None
    return first in RESERVED_PARENTS or any(_PROBE.fullmatch(part) for part in (first, *rest.split("/")))
