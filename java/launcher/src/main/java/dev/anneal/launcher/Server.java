package dev.anneal.launcher;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The HTTP server: one virtual thread per request, and an orderly end. */
public final class Server {
    private static final int BACKLOG = 1024;

    private final HttpServer http;
    private final ExecutorService threads;
    private final InFlight inFlight;
    private final Settings settings;

    private Server(HttpServer http, ExecutorService threads, InFlight inFlight, Settings settings) {
        this.http = http;
        this.threads = threads;
        this.inFlight = inFlight;
        this.settings = settings;
    }

    /**
     * Binds the port and starts to answer.
     *
     * @param handler the function
     * @param contract how bodies are decoded and encoded
     * @param settings port, drain time and body limit
     * @return the running server
     * @throws IOException if the port cannot be bound
     */
    public static Server start(Handler handler, Contract contract, Settings settings) throws IOException {
        tuneServer();
        HttpServer http = HttpServer.create(new InetSocketAddress(settings.port()), BACKLOG);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        InFlight inFlight = new InFlight();
        http.setExecutor(threads);
        http.createContext("/", new FunctionEndpoint(handler, contract, inFlight, settings.bodyLimit()));
        http.createContext("/healthz", new HealthEndpoint(inFlight));
        http.start();
        return new Server(http, threads, inFlight, settings);
    }

    /**
     * The port the server listens on.
     *
     * @return the bound port
     */
    public int port() {
        return http.getAddress().getPort();
    }

    /**
     * Stops accepting, waits for the requests in flight up to the drain time, then closes. Runs as a shutdown hook: whatever
     * the virtual machine writes at its exit is written after this method has returned.
     */
    public void drain() {
        inFlight.beginDrain();
        // stop() closes the listener at once, but may then wait its whole delay although nothing is in flight.
        Thread stop = Thread.ofPlatform().daemon().name("anneal-stop")
                .start(() -> http.stop((int) settings.drain().toSeconds()));
        if (!inFlight.awaitIdle(settings.drain())) {
            System.err.println("anneal-launcher: " + inFlight.count() + " requests were still in flight after "
                    + settings.drain().toSeconds() + " seconds");
        }
        stop.interrupt();
        threads.shutdownNow();
    }

    private static void tuneServer() {
        setDefault("sun.net.httpserver.nodelay", "true");
        setDefault("sun.net.httpserver.maxIdleConnections", "1024");
        // Longer than a gateway keeps a connection that it does not use, so that the gateway is the one to close it.
        setDefault("sun.net.httpserver.idleInterval", "300");
    }

    private static void setDefault(String name, String value) {
        if (System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }
}
