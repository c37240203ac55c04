package dev.anneal.tracer.programs;

import java.io.IOException;

/** Reaches one class at its start and one in a shutdown hook; in between it waits for the end of its input. */
public final class Waiting {
    private Waiting() {
    }

    /** Reached first. */
    static final class AtStart {
        private AtStart() {
        }
    }

    /** Reached last. */
    static final class AtEnd {
        private AtEnd() {
        }
    }

    /**
     * Waits.
     *
     * @param arguments none
     * @throws Exception if there is no such class
     */
    public static void main(String[] arguments) throws Exception {
        find("AtStart");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> find("AtEnd")));
        awaitEnd();
    }

    private static void find(String name) {
        try {
            Class.forName("dev.anneal.tracer.programs.Waiting$" + name);
        } catch (ClassNotFoundException absent) {
            throw new IllegalStateException(absent);
        }
    }

    private static void awaitEnd() throws IOException {
        while (System.in.read() >= 0) {
            // Until it ends.
        }
    }
}
