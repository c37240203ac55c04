# The load generator and file server of the suites, for those who have a container engine:
#   docker build --file e2e/images/e2e.Dockerfile --tag anneal.dev/e2e:dev .
# Without one, `cargo xtask images build e2e` makes the same.
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends cmake ca-certificates
WORKDIR /source
COPY . .
RUN triple="$(uname -m)-unknown-linux-gnu" \
 && RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$triple" --package anneal-e2e \
 && install -D -m 0555 "target/$triple/release/anneal-e2e" /image/anneal-e2e \
 && install -D -m 0444 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && install -d -m 1777 /image/tmp

FROM scratch
COPY --from=build /image/ /
ENV PATH=/ HOME=/tmp
USER 65532:65532
ENTRYPOINT ["/anneal-e2e"]
