# Two images from one lock file: `mentoring` (worker, exporter, setup) and `calendar` (Radicale for the compose file).

FROM python:3.13-slim-bookworm AS build
RUN python -m pip install --no-cache-dir uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/mentoring UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --extra postgres --extra inbound --no-install-project
COPY . .
RUN uv sync --locked --no-default-groups --extra postgres --extra inbound --no-editable

FROM build AS build-calendar
RUN uv export --quiet --locked --no-default-groups --extra demo --no-emit-project --no-hashes -o /tmp/pins.txt \
    && uv venv /opt/calendar \
    && uv pip install --python /opt/calendar --constraint /tmp/pins.txt radicale

FROM python:3.13-slim-bookworm AS runtime
ENV PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin mentoring \
    && install -d -o mentoring -g mentoring /data
VOLUME /data
USER 10001:10001
WORKDIR /data

FROM runtime AS calendar
COPY --from=build-calendar /opt/calendar /opt/calendar
EXPOSE 5232
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5232/.web/', timeout=4)"]
ENTRYPOINT ["/opt/calendar/bin/radicale", "--config", "", "--storage-filesystem-folder", "/data"]

FROM runtime AS mentoring
COPY --from=build /opt/mentoring /opt/mentoring
ENV PATH=/opt/mentoring/bin:$PATH \
    XDG_DATA_HOME=/data \
    MENTORING_LOG_FORMAT=json \
    MENTORING_METRICS_ADDRESS=0.0.0.0:9464 \
    MENTORING_EXPORTER_ADDRESS=0.0.0.0:9465
EXPOSE 9464 9465 9467
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s \
    CMD ["mentoring", "health", "worker"]
ENTRYPOINT ["mentoring"]
CMD ["worker"]
