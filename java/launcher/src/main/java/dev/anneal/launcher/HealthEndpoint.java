package dev.anneal.launcher;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;

/** {@code GET /healthz}: 200 while the server accepts requests, 503 once it drains. */
final class HealthEndpoint implements HttpHandler {
    private final InFlight inFlight;

    HealthEndpoint(InFlight inFlight) {
        this.inFlight = inFlight;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        if (inFlight.draining()) {
            Response.text(503, "draining").send(exchange);
        } else {
            Response.text(200, "ok").send(exchange);
        }
    }
}
