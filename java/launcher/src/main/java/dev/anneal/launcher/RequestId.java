package dev.anneal.launcher;

import com.sun.net.httpserver.Headers;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** The identity of one request: the caller's, if it is harmless, otherwise a new one. */
final class RequestId {
    private static final int LONGEST = 128;
    private static final int RANDOM_BYTES = 16;

    private RequestId() {
    }

    static String of(Headers headers) {
        String given = headers.getFirst("X-Request-Id");
        return given != null && harmless(given) ? given : generated();
    }

    private static boolean harmless(String id) {
        return !id.isEmpty() && id.length() <= LONGEST && id.chars().allMatch(RequestId::allowed);
    }

    private static boolean allowed(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "._:-".indexOf(c) >= 0;
    }

    private static String generated() {
        byte[] bytes = new byte[RANDOM_BYTES];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
