"""Webhooks: tell other systems what happens, at least once and in a form that they can count exactly once."""
