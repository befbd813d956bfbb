# One image for each function and service, by name:
#
#   docker build --build-arg FUNCTION=place-order --tag place-order .
#
# They differ in their last layer only, which is what `npm run build -- NAME` writes.

ARG BUILD_IMAGE=docker.io/library/node:26-trixie-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# What is needed to build, and with it the pinned Node.
FROM ${BUILD_IMAGE} AS packages
ENV NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Behind a proxy that signs for itself: --secret id=ca,src=FILE
RUN --mount=type=secret,id=ca --mount=type=cache,target=/root/.npm \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --ignore-scripts
# For the image, the very Node that builds, as a code cache is good for no other, and its one library that distroless
# lacks. The same files give the same layer, since their times are no part of it.
RUN install -D "$(readlink -f node_modules/.bin/node)" /runtime/usr/local/bin/node \
    && install -D --mode=0644 "$(ldd node_modules/.bin/node | awk '/libatomic/ { print $3 }')" --target-directory=/runtime/usr/lib \
    && mkdir /runtime/app \
    && find /runtime -exec touch --date=@0 {} +

FROM packages AS build
COPY . .
ARG FUNCTION
RUN npm run build -- "${FUNCTION:?which one? --build-arg FUNCTION=NAME}"

# All that the images have in common. A stage of its own, so that builders without a cache make one layer of it, too.
FROM ${RUNTIME_IMAGE} AS runtime
COPY --from=packages /runtime /
WORKDIR /app
# For services: where their contracts are, and that OpenTelemetry need not ask every cloud's metadata server for its name.
ENV NODE_ENV=production \
    PORT=8080 \
    EBB_CONTRACTS=/app/contracts \
    OTEL_NODE_RESOURCE_DETECTORS=env,host,process
EXPOSE 8080
USER 65532:65532
# The flags are NODE_FLAGS, with which the code caches were made.
ENTRYPOINT ["/usr/local/bin/node", "--min-semi-space-size=16", "/app/start.cjs"]

FROM runtime
ARG FUNCTION
COPY --from=build /build/dist/${FUNCTION} /app
ARG REVISION=dev
ARG SOURCE=""
ENV EBB_REVISION=${REVISION}
LABEL org.opencontainers.image.title="${FUNCTION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
