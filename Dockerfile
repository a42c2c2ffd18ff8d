# The bot, and the CPU model server: one program, one image. `merge` is built for its service alone.

FROM python:3.11-slim AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/zephrp
# The wheels first: they change less often than the code. Nothing is compiled, every file is checked.
COPY requirements/run.lock requirements/run.lock
RUN /opt/zephrp/bin/pip install --no-deps --only-binary :all: --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
RUN /opt/zephrp/bin/pip install --no-deps --no-index --no-build-isolation .

# `docker compose run --rm merge`: fetches and merges a model with numpy and nothing else.
FROM python:3.11-slim AS merge
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements/merge.lock requirements/merge.lock
RUN pip install --no-deps --only-binary :all: --require-hashes -r requirements/merge.lock \
    && groupadd --gid 10001 zephrp \
    && useradd --uid 10001 --gid zephrp --no-create-home --home-dir /tmp --shell /usr/sbin/nologin zephrp \
    && install --directory --owner zephrp --group zephrp /models
COPY recipe/__init__.py recipe/__main__.py recipe/
COPY recipe/fetch recipe/fetch
COPY recipe/merge recipe/merge
USER 10001:10001
ENTRYPOINT ["python", "-m", "recipe"]
CMD ["build", "--models", "/models"]

FROM python:3.11-slim
# llama.cpp's wheel is linked against GNU OpenMP and does not bring it along.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 zephrp \
    && useradd --uid 10001 --gid zephrp --no-create-home --home-dir /tmp --shell /usr/sbin/nologin zephrp \
    && install --directory --owner zephrp --group zephrp /data /models
COPY --from=build /opt/zephrp /opt/zephrp
WORKDIR /app
COPY characters characters
ENV PATH=/opt/zephrp/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BOT_CHARACTERS=/app/characters \
    BOT_DATA=/data
USER 10001:10001
EXPOSE 8081
HEALTHCHECK --interval=15s --timeout=5s --retries=3 --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('BOT_HTTP__PORT', '8081') + '/livez', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
