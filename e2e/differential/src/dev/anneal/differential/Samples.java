package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import com.sun.net.httpserver.HttpServer;
import dev.anneal.launcher.Contract;
import dev.anneal.launcher.Handler;
import dev.anneal.launcher.Server;
import dev.anneal.launcher.Settings;
import dev.anneal.samples.filehash.FileHash;
import dev.anneal.samples.hello.Hello;
import dev.anneal.samples.json.Totals;
import dev.anneal.samples.reflect.Operations;
import dev.anneal.samples.sleep.Sleep;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/** The sample functions behind the launcher, asked over HTTP as clients ask them. */
final class Samples {
    private Samples() {
    }

    static void list(Catalog catalog) {
        catalog.add("sampleHello", () -> serve("Map", in -> Hello.main(map(in)), "{\"name\":\"Ada\"}", "{\"name\":7}", "{}", "[1", ""))
                .add("sampleSleep", () -> serve("Map", in -> Sleep.main(map(in)), "{\"ms\":1}", "{\"ms\":-1}", "{\"ms\":\"long\"}"))
                .add("sampleReflect", () -> serve("Map", in -> Operations.main(map(in)), "{\"op\":\"common\"}",
                        "{\"op\":\"rare\",\"text\":\"abc\"}", "{\"op\":\"absent\"}"))
                .add("sampleJson", () -> {
                    Totals totals = new Totals();
                    serve("FunctionString", in -> totals.apply((String) in),
                            "{\"customer\":\"Ada\",\"lines\":[{\"item\":\"nut\",\"quantity\":2,\"cents\":250}],\"tags\":[\"new\"]}",
                            order("de-DE", "Europe/Berlin"), order("fr-FR", "America/Montreal"), order("ja-JP", "Asia/Tokyo"),
                            order("de-DE", "No/Where"), "{\"lines\":3}");
                })
                .add("sampleFilehash", () -> {
                    HttpServer files = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
                    files.createContext("/file", exchange -> {
                        byte[] content = "content ".repeat(5000).getBytes(StandardCharsets.US_ASCII);
                        exchange.sendResponseHeaders(200, content.length);
                        try (exchange) {
                            exchange.getResponseBody().write(content);
                        }
                    });
                    files.start();
                    String start = "{\"url\":\"http://127.0.0.1:" + files.getAddress().getPort();
                    serve("Map", in -> FileHash.main(map(in)), start + "/file\"}", start + "/absent\"}", "{\"url\":\"nonsense\"}");
                    files.stop(0);
                })
                .add("sampleHttp", "port", () -> {
                    dev.anneal.samples.http.Main.main(new String[0]);
                    int port = Integer.parseInt(System.getenv("PORT"));
                    ask(port, "{\"text\":\"abcabc\"}");
                    ask(port, "x".repeat(20_000));
                    System.exit(0);
                });
    }

    private static String order(String language, String zone) {
        return "{\"customer\":\"Ada\",\"lines\":[{\"item\":\"nut\",\"quantity\":3,\"cents\":123456}],\"language\":\"" + language
                + "\",\"zone\":\"" + zone + "\",\"placed\":\"2026-07-01T22:30:00Z\"}";
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object in) {
        return (Map<String, Object>) in;
    }

    private static void serve(String contract, Handler handler, String... bodies) throws IOException, InterruptedException {
        Server server = Server.start(handler, Contract.byName(contract), new Settings(0, Duration.ofSeconds(5), Settings.BODY_LIMIT));
        for (String body : bodies) {
            ask(server.port(), body);
        }
        server.drain();
    }

    private static void ask(int port, String body) throws IOException, InterruptedException {
        HttpURLConnection connection = (HttpURLConnection) URI.create("http://127.0.0.1:" + port + "/").toURL().openConnection();
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/json");
        connection.setRequestProperty("X-Request-Id", "one");
        try {
            connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        } catch (ConnectException notYet) {
            throw new IllegalStateException("the server does not listen", notYet);
        }
        int status = connection.getResponseCode();
        try (InputStream answer = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            say(status + " " + connection.getContentType() + " " + new String(answer.readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
