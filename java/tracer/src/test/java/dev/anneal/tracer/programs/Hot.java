package dev.anneal.tracer.programs;

import java.lang.reflect.Method;

/** Invokes one method again and again. */
public final class Hot {
    private static int steps;

    private Hot() {
    }

    /** The method. */
    public static void step() {
        steps++;
    }

    /**
     * Invokes it.
     *
     * @param arguments none
     * @throws Exception if it is not there
     */
    public static void main(String[] arguments) throws Exception {
        Method step = Hot.class.getMethod("step");
        for (int count = 0; count < 1_000_000; count++) {
            step.invoke(null);
        }
        if (steps != 1_000_000) {
            throw new IllegalStateException(steps + " steps");
        }
    }
}
