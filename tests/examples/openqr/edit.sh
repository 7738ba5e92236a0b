curl -X PATCH https://openqr.uk/v1/dynamic/b1c2… \
-H "Authorization: Bearer oqr_live_yourkey" \
-H "Content-Type: application/json" \
-d '{ "destination": "https://example.com/spring/live" }'
