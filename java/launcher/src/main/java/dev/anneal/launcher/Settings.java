package dev.anneal.launcher;

import java.time.Duration;
import java.util.Map;

/**
 * What the environment may set.
 *
 * @param port the port to listen on; 0 takes any free one
 * @param drain how long requests in flight may take after the process was asked to end
 * @param bodyLimit the largest request body, in bytes
 */
public record Settings(int port, Duration drain, int bodyLimit) {
    /** The largest request body: 16 MiB. */
    public static final int BODY_LIMIT = 16 * 1024 * 1024;

    private static final int LARGEST_PORT = 65_535;
    private static final int LONGEST_DRAIN_SECONDS = 3_600;

    /**
     * Reads {@code PORT} (default 8080) and {@code ANNEAL_DRAIN_SECONDS} (default 30).
     *
     * @param environment the process environment
     * @return the settings
     * @throws IllegalArgumentException if a value is not a number in its range
     */
    public static Settings fromEnvironment(Map<String, String> environment) {
        int port = number(environment, "PORT", 8080, LARGEST_PORT);
        int drain = number(environment, "ANNEAL_DRAIN_SECONDS", 30, LONGEST_DRAIN_SECONDS);
        return new Settings(port, Duration.ofSeconds(drain), BODY_LIMIT);
    }

    private static int number(Map<String, String> environment, String name, int otherwise, int largest) {
        String text = environment.get(name);
        if (text == null || text.isEmpty()) {
            return otherwise;
        }
        try {
            int value = Integer.parseInt(text);
            if (value >= 0 && value <= largest) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            // Reported below, together with numbers out of range.
        }
        throw new IllegalArgumentException(
                name + " must be a number from 0 to " + largest + ", and is \"" + text + "\"");
    }
}
