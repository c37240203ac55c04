package dev.anneal.samples.http;

import io.undertow.Undertow;
import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.RoutingHandler;
import io.undertow.util.Headers;
import java.util.Arrays;

/** A server of its own, built on Undertow: {@code POST /} counts the bytes of its body, {@code GET /healthz} answers ok. */
public final class Main {
    private Main() {
    }

    /**
     * Listens on {@code $PORT}, by default 8080.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
        HttpHandler routes = new RoutingHandler()
                .post("/", exchange -> exchange.getRequestReceiver().receiveFullBytes(Main::count))
                .get("/", exchange -> count(exchange, new byte[0]))
                .get("/healthz", exchange -> exchange.getResponseSender().send("ok"));
        Undertow server = Undertow.builder()
                .setIoThreads(1)
                .setWorkerThreads(4)
                .addHttpListener(port, "0.0.0.0")
                .setHandler(routes)
                .build();
        server.start();
        Runtime.getRuntime().addShutdownHook(new Thread(server::stop, "stop"));
    }

    private static void count(HttpServerExchange exchange, byte[] body) {
        int[] counts = new int[256];
        for (byte value : body) {
            counts[value & 255]++;
        }
        long distinct = Arrays.stream(counts).filter(count -> count > 0).count();
        exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, "application/json");
        exchange.getResponseSender().send("{\"bytes\":" + body.length + ",\"distinct\":" + distinct + "}");
    }
}
