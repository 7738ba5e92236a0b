"""Questions about any set of codes: `grammar.parse` reads one, `answer.answer` answers it (docs/analytics.md)."""
