# Godwit in a container; docs/container.md says how it is run.
#
#   build         compiles, on the machine that builds, for what it makes runs on every platform
#   dependencies  what Godwit needs while it runs, of the lock file; none of it is native (the optional one is a compiler)
#   the last      these two on Node.js, as a user without rights

ARG NODE_VERSION=24

FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/bundle.ts ./scripts/
COPY src ./src
COPY web ./web
RUN npm run build

FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:${NODE_VERSION}-slim
LABEL org.opencontainers.image.title="Godwit" \
      org.opencontainers.image.description="Live synchronisation and migration for Redis and Valkey" \
      org.opencontainers.image.licenses="MIT"

# The group is 0 where a platform chooses the user by itself; then the folder of the spool has to take it.
RUN groupadd --gid 10001 godwit \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/godwit --shell /usr/sbin/nologin godwit \
 && install --directory --owner=10001 --group=0 --mode=0770 /var/lib/godwit \
 && install --directory /etc/godwit

WORKDIR /app
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./

# The spool is in $XDG_STATE_HOME/godwit unless a setting says otherwise, and so is what has a relative path.
ENV NODE_ENV=production \
    HOME=/var/lib/godwit \
    XDG_STATE_HOME=/var/lib
USER 10001:10001
WORKDIR /var/lib/godwit
VOLUME ["/var/lib/godwit"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
  CMD ["node", "/app/dist/cli/container/healthcheck.js"]
ENTRYPOINT ["node", "/app/dist/cli/container/entrypoint.js"]
