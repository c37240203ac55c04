package dev.anneal.testjars.exitsoncall;

import java.util.Map;

/** Ends the process at its first call. */
public final class ExitsOnCall {
    private ExitsOnCall() {
    }

    /**
     * The function.
     *
     * @param in anything
     * @return never
     */
    public static Map<String, Object> main(Map<String, Object> in) {
        Runtime.getRuntime().halt(3);
        return in;
    }
}
