"""How a row of `visitor_counts` says that it is whole, as SQL over its columns."""

SEAL = "sipHash64(workspace, kind, day, visitors, began, ended, n, fingerprint)"
