"""What a short link says about itself: its forms, and the parameters that only Waymark reads."""

# A link below this path is printed as a picture; `redirect` records its scans with the entry `qr`.
QR_PATH = "/q/"
# The parameter that names another entry (`nfc`), and the one that says which print of a code was scanned. Neither is
# ever forwarded to a destination.
ENTRY_PARAMETER = "e"
PLACEMENT_PARAMETER = "p"

LONGEST_ENTRY = 16
LONGEST_PLACEMENT = 50

# Where scans of a paused code are sent: a page.
PAUSED_PATH = "/-/paused"
