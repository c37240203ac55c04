package dev.anneal.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ServerTest {
    private static final String REQUEST = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{}";

    @Test
    void healthIsOk() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> in)) {
            HttpResponse<String> response = server.send(server.request("/healthz").GET());
            assertEquals(200, response.statusCode());
            assertEquals("ok", response.body());
        }
    }

    @Test
    void oneConnectionServesManyRequests() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> Map.of("n", 1));
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            for (int i = 0; i < 50; i++) {
                socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
                String answer = readUntil(socket.getInputStream(), "{\"n\":1}");
                assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
            }
        }
    }

    @Test
    void connectionStaysUsableAfterAnError() throws Exception {
        try (var server = new RunningServer(Contract.Map, in -> Map.of("n", 1));
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write(REQUEST.replace("{}", "{{").getBytes(StandardCharsets.US_ASCII));
            assertTrue(readUntil(socket.getInputStream(), "}").startsWith("HTTP/1.1 400 "));
            socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
            assertTrue(readUntil(socket.getInputStream(), "{\"n\":1}").startsWith("HTTP/1.1 200 "));
        }
    }

    @Test
    void idleServerDrainsAtOnce() throws Exception {
        var server = new RunningServer(Contract.Map, in -> in);
        assertEquals(200, server.post("{}").statusCode());
        assertTimeoutPreemptively(Duration.ofSeconds(5), server.server()::drain);
    }

    @Test
    void drainFinishesTheRequestInFlightAndAcceptsNoOther() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        var server = new RunningServer(Contract.Map, in -> {
            entered.countDown();
            release.await();
            return Map.of("done", true);
        });
        CompletableFuture<HttpResponse<String>> answer = CompletableFuture.supplyAsync(() -> post(server));
        assertTrue(entered.await(10, TimeUnit.SECONDS));
        CompletableFuture<Void> drained = CompletableFuture.runAsync(server.server()::drain);
        awaitRefusal(server.port());
        assertTrue(!drained.isDone(), "the drain must wait for the request");
        release.countDown();
        assertEquals("{\"done\":true}", answer.get(10, TimeUnit.SECONDS).body());
        drained.get(10, TimeUnit.SECONDS);
    }

    private static HttpResponse<String> post(RunningServer server) {
        try {
            return server.post("{}");
        } catch (IOException | InterruptedException problem) {
            throw new IllegalStateException(problem);
        }
    }

    private static void awaitRefusal(int port) {
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            while (true) {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    Thread.onSpinWait();
                } catch (ConnectException refused) {
                    return;
                }
            }
        });
        assertThrows(IOException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    }

    private static String readUntil(InputStream in, String end) throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.indexOf("\r\n\r\n") < 0 || !text.toString().endsWith(end)) {
            int c = in.read();
            if (c < 0) {
                throw new IOException("the connection ended after: " + text);
            }
            text.append((char) c);
        }
        return text.toString();
    }
}
