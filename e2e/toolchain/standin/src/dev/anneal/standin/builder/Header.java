package dev.anneal.standin.builder;

import java.nio.charset.StandardCharsets;

/**
 * The shell script at the beginning of an executable. It finds a JVM, unpacks an optimized image's start cache once, and
 * becomes the JVM, so that signals reach it.
 */
final class Header {
    private static final String COMMON = """
            #!/bin/sh
            # An executable of the stand-in for native-image: it needs a Java runtime and is meant for test suites only.
            java=${ANNEAL_STANDIN_JAVA:-@JAVA@}
            [ -x "$java" ] || java=java
            echo "standin-native-image: executable @MODE@ @DIGEST@" >&2
            memory=
            for argument do
              case $argument in
                -Xm[xns]*[!0-9kKmMgG]*) ;;
                -Xm[xns][0-9]*) memory="$memory $argument" ;;
              esac
            done
            """;

    private static final String PLAIN = """
            exec "$java" $memory @FLAGS@ -cp "$0" @START@ "$@"
            """;

    private static final String OPTIMIZED = """
            folder=${TMPDIR:-/tmp}/anneal-standin/@DIGEST@
            if [ ! -f "$folder/app.aot" ]; then
              mkdir -p "${folder%/*}" && fresh=$(mktemp -d "$folder.XXXXXX") && {
                dd if="$0" of="$fresh/app.aot" bs=1M iflag=skip_bytes,count_bytes skip=@CACHE_AT@ count=@CACHE_SIZE@ status=none &&
                  dd if="$0" of="$fresh/app.jar" bs=1M iflag=skip_bytes skip=@JAR_AT@ status=none &&
                  touch -d @@TIME@ "$fresh/app.jar" &&
                  mv -T "$fresh" "$folder" 2>/dev/null || rm -rf "$fresh"
              }
            fi
            if [ -f "$folder/app.aot" ]; then
              exec "$java" $memory @FLAGS@ -XX:AOTCache="$folder/app.aot" -cp "$folder/app.jar" @START@ "$@"
            fi
            exec "$java" $memory @FLAGS@ -cp "$0" @START@ "$@"
            """;

    private static final String CRASH = """
            echo "standin-native-image: ends at its start, as asked for" >&2
            exit 1
            """;

    private final String mode;
    private final String digest;
    private final int cacheSize;
    private final boolean crash;

    Header(String mode, String digest, int cacheSize, boolean crash) {
        this.mode = mode;
        this.digest = digest;
        this.cacheSize = cacheSize;
        this.crash = crash;
    }

    byte[] bytes() {
        // The offsets have a fixed width, so that the header's length does not depend on them.
        int length = text(0).length();
        return text(length).getBytes(StandardCharsets.US_ASCII);
    }

    private String text(int length) {
        String body = COMMON + (crash ? CRASH : cacheSize > 0 ? OPTIMIZED : PLAIN);
        return body.replace("@JAVA@", JavaRuntime.executable())
                .replace("@MODE@", mode)
                .replace("@DIGEST@", digest)
                .replace("@FLAGS@", String.join(" ", JavaRuntime.flags(mode)))
                .replace("@START@", JavaRuntime.START)
                .replace("@@TIME@", "@" + Executable.TIME.toMillis() / 1000)
                .replace("@CACHE_SIZE@", String.valueOf(cacheSize))
                .replace("@CACHE_AT@", String.format("%010d", length))
                .replace("@JAR_AT@", String.format("%010d", length + cacheSize));
    }
}
