package dev.anneal.launcher;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** A server on a free port, and requests to it. */
final class RunningServer implements AutoCloseable {
    private final HttpClient client = HttpClient.newHttpClient();
    private final Server server;

    RunningServer(Contract contract, Handler handler) throws IOException {
        this(contract, handler, Settings.BODY_LIMIT);
    }

    RunningServer(Contract contract, Handler handler, int bodyLimit) throws IOException {
        server = Server.start(handler, contract, new Settings(0, Duration.ofSeconds(10), bodyLimit));
    }

    Server server() {
        return server;
    }

    int port() {
        return server.port();
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path)).timeout(Duration.ofSeconds(20));
    }

    HttpResponse<String> post(String body, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = request("/").POST(BodyPublishers.ofString(body));
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    HttpResponse<byte[]> postBytes(byte[] body) throws IOException, InterruptedException {
        return client.send(request("/").POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofByteArray());
    }

    @Override
    public void close() {
        server.drain();
        client.close();
    }
}
