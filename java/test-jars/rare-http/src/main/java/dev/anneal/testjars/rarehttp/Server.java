package dev.anneal.testjars.rarehttp;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** A server of its own: {@code /} answers directly, {@code /rare} by a class that is only ever reached by its name. */
public final class Server {
    private Server() {
    }

    /**
     * Listens on {@code $PORT}, by default 8080.
     *
     * @param arguments none
     * @throws IOException if the port cannot be bound
     */
    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 64);
        server.createContext("/", exchange -> answer(exchange, 200, "common"));
        server.createContext("/rare", exchange -> {
            String name = "dev.anneal.testjars.rarehttp." + exchange.getRequestURI().getPath().substring("/rare/".length());
            try {
                Object rare = Class.forName(name).getDeclaredConstructor().newInstance();
                answer(exchange, 200, rare.toString());
            } catch (ReflectiveOperationException missing) {
                answer(exchange, 500, "missing");
            }
        });
        server.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(0), "stop"));
    }

    private static void answer(HttpExchange exchange, int status, String word) throws IOException {
        byte[] body = ("{\"answer\":\"" + word + "\"}").getBytes(StandardCharsets.US_ASCII);
        exchange.getRequestBody().readAllBytes();
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
