curl -X POST https://api.qravio.app/api/public/v1/qrcodes \
  -H "Authorization: Bearer qr_live_your_api_key" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "Spring campaign",
    "type": "website",
    "category": "dynamic",
    "content": { "url": "https://example.com/spring" },
    "destinations": [{ "target_url": "https://example.com/spring" }]
  }'
