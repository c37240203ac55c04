package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** Sockets and what is built on them, on the loopback. */
final class Networks {
    private Networks() {
    }

    static void list(Catalog catalog) {
        catalog.add("sockets", () -> {
            InetAddress loopback = InetAddress.getLoopbackAddress();
            try (ServerSocket server = new ServerSocket(0, 1, loopback)) {
                Thread echo = new Thread(() -> {
                    try (Socket one = server.accept()) {
                        one.getOutputStream().write(one.getInputStream().readNBytes(5));
                    } catch (java.io.IOException failed) {
                        say(failed);
                    }
                });
                echo.start();
                try (Socket client = new Socket(loopback, server.getLocalPort())) {
                    client.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                    say(new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
                }
                echo.join();
                server.setSoTimeout(10);
                server.accept();
            } catch (SocketTimeoutException late) {
                say(late.getMessage());
            }
            try {
                new Socket(loopback, 1).close();
            } catch (ConnectException refused) {
                say(refused.getMessage());
            }
        }).add("channels", () -> {
            try (Selector selector = Selector.open(); ServerSocketChannel server = ServerSocketChannel.open()) {
                server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).configureBlocking(false);
                server.register(selector, SelectionKey.OP_ACCEPT);
                try (SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
                    say(selector.select(60_000));
                    try (SocketChannel accepted = server.accept()) {
                        client.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
                        ByteBuffer buffer = ByteBuffer.allocateDirect(3);
                        while (buffer.hasRemaining()) {
                            accepted.read(buffer);
                        }
                        say(buffer.get(2));
                    }
                }
            }
        }).add("datagrams", () -> {
            try (DatagramSocket one = new DatagramSocket(0, InetAddress.getLoopbackAddress()); DatagramSocket other = new DatagramSocket()) {
                other.send(new DatagramPacket("ping".getBytes(StandardCharsets.US_ASCII), 4, one.getLocalSocketAddress()));
                DatagramPacket packet = new DatagramPacket(new byte[10], 10);
                one.setSoTimeout(60_000);
                one.receive(packet);
                say(new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII));
            }
        }).add("http", () -> {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4);
            server.createContext("/", exchange -> {
                byte[] body = (exchange.getRequestMethod() + exchange.getRequestURI() + exchange.getRequestHeaders().getFirst("X-Test")
                        + exchange.getRequestBody().readAllBytes().length).getBytes(StandardCharsets.US_ASCII);
                exchange.sendResponseHeaders(201, body.length);
                exchange.getResponseBody().write(body);
                exchange.close();
            });
            server.start();
            URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/path?q=1");
            try (HttpClient client = HttpClient.newHttpClient()) {
                HttpResponse<String> answer = client.send(HttpRequest.newBuilder(uri).header("X-Test", "yes")
                        .POST(HttpRequest.BodyPublishers.ofString("body")).build(), HttpResponse.BodyHandlers.ofString());
                say(answer.statusCode() + " " + answer.body() + " " + answer.version());
            }
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(uri.toURL().openStream(), StandardCharsets.US_ASCII))) {
                say(reader.readLine());
            }
            server.stop(0);
        }).add("addresses", () -> {
            say(InetAddress.getByName("127.0.0.1") + " " + InetAddress.getByAddress(new byte[] {10, 0, 0, 1}).isSiteLocalAddress());
            say(InetAddress.getByName("::1") instanceof Inet6Address);
            try {
                InetAddress.getByName("name.invalid");
            } catch (UnknownHostException unknown) {
                say("unknown");
            }
        }).add("uris", () -> {
            URI uri = URI.create("https://user@host:8443/a/../b?q=%20x#f");
            say(uri.normalize() + " " + uri.getPort() + " " + uri.resolve("c") + " " + uri.getQuery());
            say(URLEncoder.encode("a b&\u00e9", StandardCharsets.UTF_8) + " " + URLDecoder.decode("%C3%A9+", StandardCharsets.UTF_8));
            say(URI.create("file:/tmp/x").toURL().getProtocol() + " " + URI.create("mailto:a@b").isOpaque());
        });
    }
}
