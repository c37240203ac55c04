# The object store of the suites, for those who have a container engine:
#   docker build --file e2e/images/minio.Dockerfile --tag anneal.dev/minio:dev .
# Without one, `cargo xtask images build minio` makes the same.
FROM golang:1.25-bookworm AS build
WORKDIR /source
COPY e2e/box/go/minio/ .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /image/minio github.com/minio/minio \
 && install -D -m 0444 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && install -d -m 1777 /image/tmp

FROM scratch
COPY --from=build /image/ /
ENV PATH=/ HOME=/tmp
USER 65532:65532
ENTRYPOINT ["/minio"]
