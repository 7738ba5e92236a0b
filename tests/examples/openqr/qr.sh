curl "https://openqr.uk/v1/qr?data=https://oqr.to/k7Pm2qR&format=png&size=1024" \
-H "Authorization: Bearer oqr_live_yourkey" \
-o spring-poster.png
