package dev.anneal.launcher;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;

/** Reads a request body up to a limit. */
final class RequestBody {
    private RequestBody() {
    }

    /** The whole body, or null if it is larger than the limit. */
    static byte[] read(HttpExchange exchange, int limit) throws IOException {
        if (declaredLength(exchange) > limit) {
            return null;
        }
        InputStream in = exchange.getRequestBody();
        byte[] body = in.readNBytes(limit);
        return in.read() < 0 ? body : null;
    }

    private static long declaredLength(HttpExchange exchange) {
        String length = exchange.getRequestHeaders().getFirst("Content-Length");
        try {
            return length == null ? 0 : Long.parseLong(length.trim());
        } catch (NumberFormatException notANumber) {
            return Long.MAX_VALUE;
        }
    }
}
