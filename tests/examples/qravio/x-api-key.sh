# Alternatively, use the X-API-Key header:
curl https://api.qravio.app/api/public/v1/qrcodes \
  -H "X-API-Key: qr_live_your_api_key"
