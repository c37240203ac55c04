package dev.anneal.launcher;

import java.io.IOException;

/** Serves one function over HTTP until the process is asked to end. */
public final class Launcher {
    private Launcher() {
    }

    /**
     * Starts the server and returns; the server's own threads keep the process alive.
     *
     * @param handler the function
     * @param contract the name of a {@link Contract}
     * @param arguments program arguments; the launcher takes none and leaves them to the function
     */
    public static void run(Handler handler, String contract, String[] arguments) {
        try {
            Settings settings = Settings.fromEnvironment(System.getenv());
            Server server = Server.start(handler, Contract.byName(contract), settings);
            Runtime.getRuntime().addShutdownHook(new Thread(server::drain, "anneal-drain"));
            System.err.println("anneal-launcher: listening on port " + server.port());
        } catch (IOException | IllegalArgumentException problem) {
            System.err.println("anneal-launcher: cannot start: " + problem.getMessage());
            System.exit(2);
        }
    }
}
