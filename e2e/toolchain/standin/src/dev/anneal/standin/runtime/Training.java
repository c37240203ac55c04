package dev.anneal.standin.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The training run of a start cache: starts the image, asks for its health a few times, loads classes and ends. */
public final class Training {
    private static final int ATTEMPTS = 100;
    private static final int CHECKS = 20;
    private static final long PAUSE_MILLIS = 30;

    private Training() {
    }

    /**
     * Trains.
     *
     * @param arguments the file with the names of the classes to load
     * @throws Throwable if the image does not start
     */
    public static void main(String[] arguments) throws Throwable {
        Thread image = Thread.ofPlatform().daemon().start(Training::startImage);
        boolean answers = false;
        for (int attempt = 0; attempt < ATTEMPTS && !answers; attempt++) {
            Thread.sleep(PAUSE_MILLIS);
            answers = answersHealthCheck() || !image.isAlive() && attempt > ATTEMPTS / 10;
        }
        for (int check = 0; check < CHECKS; check++) {
            answersHealthCheck();
        }
        Files.readAllLines(Path.of(arguments[0])).forEach(Training::load);
        System.exit(0);
    }

    private static void startImage() {
        try {
            Start.main(new String[0]);
        } catch (Throwable problem) {
            problem.printStackTrace();
        }
    }

    private static boolean answersHealthCheck() {
        int port = Integer.parseInt(System.getenv("PORT"));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(1000);
            socket.getOutputStream().write("GET /healthz HTTP/1.1\r\nHost: training\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            return in.readAllBytes().length > 0;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static void load(String type) {
        try {
            Class.forName(type, false, Training.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError absent) {
            // A profile may be older than the image.
        }
    }
}
