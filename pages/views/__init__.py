"""One function per content type: from the fields of its content to a `View`."""
