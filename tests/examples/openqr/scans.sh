curl "https://openqr.uk/v1/dynamic/b1c2…/scans?days=30" \
-H "Authorization: Bearer oqr_live_yourkey"
