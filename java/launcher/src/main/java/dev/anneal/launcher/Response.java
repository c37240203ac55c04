package dev.anneal.launcher;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** One complete answer; the body is always sent with its length, so that connections stay usable. */
final class Response {
    static final String JSON = "application/json";
    static final String TEXT = "text/plain; charset=utf-8";
    static final String BYTES = "application/octet-stream";

    private static final byte[] EMPTY = {};

    private final int status;
    private final byte[] body;
    private final Map<String, String> headers = new LinkedHashMap<>();

    private Response(int status, String type, byte[] body) {
        this.status = status;
        this.body = body;
        if (type != null) {
            headers.put("Content-Type", type);
        }
    }

    static Response of(int status, String type, byte[] body) {
        return new Response(status, type, body);
    }

    static Response text(int status, String text) {
        return new Response(status, TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    static Response empty(int status) {
        return new Response(status, null, EMPTY);
    }

    /** An error with its sentence and the request's id, as a JSON object. */
    static Response error(int status, String sentence, String requestId) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("error", sentence);
        object.put("requestId", requestId);
        return json(status, object);
    }

    static Response json(int status, Object value) {
        return new Response(status, JSON, JsonWriter.write(value).getBytes(StandardCharsets.UTF_8));
    }

    Response header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    int status() {
        return status;
    }

    void send(HttpExchange exchange) throws IOException {
        headers.forEach(exchange.getResponseHeaders()::set);
        boolean hasBody = body.length > 0 && !"HEAD".equals(exchange.getRequestMethod());
        exchange.sendResponseHeaders(status, hasBody ? body.length : -1);
        if (hasBody) {
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
        exchange.close();
    }
}
