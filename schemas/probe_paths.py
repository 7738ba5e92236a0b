"""What programs ask every host for: scanners looking for holes, and browsers and crawlers for their own files.

No code has such a slug (`codes` gives none out), so a redirector answers without asking Redis and records nothing.
"""

import re

_NOISE = re.compile(
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


def is_probe(slug: str) -> bool:
    return _NOISE.fullmatch(slug) is not None
