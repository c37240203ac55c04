package dev.anneal.testjars.alwaysthrows;

import java.util.Map;

/** Fails every call. */
public final class AlwaysThrows {
    private AlwaysThrows() {
    }

    /**
     * The function.
     *
     * @param in anything
     * @return never
     */
    public static Map<String, Object> main(Map<String, Object> in) {
        throw new IllegalStateException("this function always fails, and says so only in its own log");
    }
}
