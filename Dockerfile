# One shop in a container. The shop's folder is the volume /shop; secrets come from the environment:
#   docker build -t nurture .
#   docker run --rm -v "$PWD/shop:/shop" nurture init
#   docker run -d --name shop --restart on-failure --env-file .env -v "$PWD/shop:/shop" -p 127.0.0.1:8025:8025 nurture
# In a container `web: {enabled: true, host: 0.0.0.0}` is needed for the port to be reached. The volume must be a local
# disk: SQLite's locks don't hold on network file systems.
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE config.yaml ./
COPY campaigns campaigns
COPY templates templates
COPY nurture nurture
RUN python -m venv /opt/nurture \
 && /opt/nurture/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt ".[postgres]"

FROM python:3.12-slim
COPY --from=build /opt/nurture /opt/nurture
RUN useradd --system --uid 10001 --home-dir /shop --shell /usr/sbin/nologin nurture \
 && install -d -o nurture -g nurture -m 0750 /shop
ENV PATH=/opt/nurture/bin:$PATH PYTHONUTF8=1 PYTHONUNBUFFERED=1
USER nurture
WORKDIR /shop
VOLUME /shop
EXPOSE 8025
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s CMD ["python", "-c", \
 "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8025/healthz', timeout=5)"]
ENTRYPOINT ["nurture"]
CMD ["run"]
