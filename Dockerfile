# One image for every service: the command says which. Everything it writes is under /data.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements.txt ./
# Exactly what is pinned, hashes checked.
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home waymark && install -d -o waymark -g waymark -m 0700 /data /journal
COPY --from=build /venv /venv
# The status port (8002) is for operators: publish it to nobody.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 WAYMARK_DATA=/data WAYMARK_HOST=0.0.0.0 WAYMARK_STATUS_HOST=0.0.0.0 \
    WAYMARK_STATUS_PORT=8002
USER waymark
WORKDIR /home/waymark
VOLUME /data
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
ENTRYPOINT ["waymark"]
CMD ["up"]
