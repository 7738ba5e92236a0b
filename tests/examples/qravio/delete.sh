curl -X DELETE https://api.qravio.app/api/public/v1/qrcodes/9f8b2c1a-1234-4d5e-8f90-abc123def456 \
  -H "Authorization: Bearer qr_live_your_api_key"
