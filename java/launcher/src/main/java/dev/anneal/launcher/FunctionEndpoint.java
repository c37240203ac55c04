package dev.anneal.launcher;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Turns one HTTP request into one call of the function, and every outcome into one answer. */
final class FunctionEndpoint implements HttpHandler {
    private final Handler handler;
    private final Contract contract;
    private final InFlight inFlight;
    private final int bodyLimit;

    FunctionEndpoint(Handler handler, Contract contract, InFlight inFlight, int bodyLimit) {
        this.handler = handler;
        this.contract = contract;
        this.inFlight = inFlight;
        this.bodyLimit = bodyLimit;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        inFlight.enter();
        try {
            String requestId = RequestId.of(exchange.getRequestHeaders());
            Response response = answer(exchange, requestId).header("X-Request-Id", requestId);
            if (inFlight.draining()) {
                response.header("Connection", "close");
            }
            response.send(exchange);
        } finally {
            inFlight.leave();
        }
    }

    private Response answer(HttpExchange exchange, String requestId) throws IOException {
        String method = exchange.getRequestMethod();
        if (!method.equals("POST") && !method.equals("GET")) {
            return Response.error(405, "the method must be POST or GET", requestId).header("Allow", "POST, GET");
        }
        byte[] body = RequestBody.read(exchange, bodyLimit);
        if (body == null) {
            return Response.error(413, "the body is larger than " + bodyLimit + " bytes", requestId)
                    .header("Connection", "close");
        }
        Contract.Request request;
        try {
            request = contract.decode(body, exchange.getRequestHeaders().getFirst("Content-Type"));
        } catch (JsonException malformed) {
            return Response.error(400, malformed.getMessage(), requestId);
        }
        try {
            return request.encode(handler.call(request.value()));
        } catch (Throwable problem) {
            return failure(problem, requestId);
        }
    }

    private static Response failure(Throwable problem, String requestId) {
        System.err.println("anneal-launcher: request " + requestId + " failed");
        problem.printStackTrace();
        String missing = MissingRegistration.in(problem);
        if (missing == null) {
            return Response.error(500, "function failed", requestId);
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("error", "missing registration");
        object.put("missing", missing);
        object.put("requestId", requestId);
        return Response.json(500, object).header("X-Anneal-Missing-Registration", missing);
    }
}
