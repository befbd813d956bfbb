# One image for each function and service, by name:
#
#   docker build --build-arg FUNCTION=NAME --tag NAME .
#
# They differ in their last layer only, which is what `npm run build -- NAME` writes.
#
# The bases are what their digests say; how these are raised stands in Ebb's CONTRIBUTING.md.

# What is needed to build. Its Node, the official one, is also the Node of the images.
FROM docker.io/library/node:26-trixie-slim@sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1 AS packages
ENV NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Behind a proxy that signs for itself: --secret id=ca,src=FILE
RUN --mount=type=secret,id=ca --mount=type=cache,target=/root/.npm \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --ignore-scripts
# The Node of npm is the laptop's. It is of the same version, so that what was tested there is what runs here.
RUN pinned=$(node_modules/.bin/node --version); \
    if [ "$(node --version)" != "$pinned" ]; then \
      echo "The base image has Node $(node --version) and the packages bring $pinned: raise one of them." >&2; exit 1; \
    fi; \
    rm node_modules/.bin/node
# For the image, the very Node that builds, as a code cache is good for no other, with its licence and its one library
# that distroless lacks. The same files give the same layer, since their times are no part of it.
RUN install -D /usr/local/bin/node --target-directory=/runtime/usr/local/bin \
    && install -D --mode=0644 node_modules/node-linux-*/LICENSE --target-directory=/runtime/usr/share/doc/node \
    && install -D --mode=0644 "$(ldd /usr/local/bin/node | awk '/libatomic/ { print $3 }')" --target-directory=/runtime/usr/lib \
    && mkdir /runtime/app \
    && find /runtime -exec touch --date=@0 {} +

FROM packages AS build
COPY . .
ARG FUNCTION
RUN npm run build -- "${FUNCTION:?which one? --build-arg FUNCTION=NAME}"

# All that the images have in common. A stage of its own, so that builders without a cache make one layer of it, too.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f AS runtime
COPY --from=packages /runtime /
WORKDIR /app
# For services: where their contracts and the console's page are, and that OpenTelemetry need not ask every cloud's metadata server for its name.
ENV NODE_ENV=production \
    PORT=8080 \
    EBB_CONTRACTS=/app/contracts \
    EBB_CONSOLE_DIR=/app/console \
    OTEL_NODE_RESOURCE_DETECTORS=env,host,process
EXPOSE 8080
USER 65532:65532
# The flags are NODE_FLAGS, with which the code caches were made.
ENTRYPOINT ["/usr/local/bin/node", "--min-semi-space-size=8", "--no-allocation-site-pretenuring", "/app/start.cjs"]

FROM runtime
ARG FUNCTION
COPY --from=build /build/dist/${FUNCTION} /app
ARG REVISION=dev
ARG SOURCE=""
ENV EBB_REVISION=${REVISION}
# Ebb's own, unless you say yours.
ARG VERSION=0.3.0
LABEL org.opencontainers.image.title="${FUNCTION}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
