curl "https://openqr.uk/v1/dynamic?limit=50" \
-H "Authorization: Bearer oqr_live_yourkey"
