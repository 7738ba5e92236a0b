curl -X DELETE https://openqr.uk/v1/dynamic/b1c2… \
-H "Authorization: Bearer oqr_live_yourkey"
