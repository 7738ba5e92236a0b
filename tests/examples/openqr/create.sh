curl -X POST https://openqr.uk/v1/dynamic \
-H "Authorization: Bearer oqr_live_yourkey" \
-H "Content-Type: application/json" \
-d '{
"destination": "https://example.com/spring-launch",
"label": "Spring poster — bus stops"
}'
