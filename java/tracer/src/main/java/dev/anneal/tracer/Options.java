package dev.anneal.tracer;

import java.nio.file.Path;

/**
 * The options, in the spelling that GraalVM documents for its own agent.
 *
 * @param folder where the file goes: {@code config-output-dir=} or {@code config-merge-dir=}
 * @param merge whether entries that are there already are kept
 * @param periodSeconds {@code config-write-period-secs=}: how often the file is written while the program runs; 0 means only at
 *     its end
 * @param delaySeconds {@code config-write-initial-delay-secs=}: when it is first written, if it is written while the program runs
 * @param conditions {@code conditions=false}: entries hold whether their callers are reached or not
 */
record Options(Path folder, boolean merge, long periodSeconds, long delaySeconds, boolean conditions) {
    static Options parse(String text) {
        Path folder = null;
        boolean merge = false;
        boolean conditions = true;
        long period = 0;
        long delay = 1;
        for (String option : text == null || text.isEmpty() ? new String[0] : text.split(",")) {
            int equals = option.indexOf('=');
            String name = equals < 0 ? option : option.substring(0, equals);
            String value = equals < 0 ? "" : option.substring(equals + 1);
            switch (name) {
                case "config-output-dir", "config-merge-dir" -> {
                    if (folder != null) {
                        throw new IllegalArgumentException("config-output-dir and config-merge-dir exclude each other");
                    }
                    if (value.isEmpty()) {
                        throw new IllegalArgumentException(name + " needs a folder");
                    }
                    folder = Path.of(value).toAbsolutePath();
                    merge = name.equals("config-merge-dir");
                }
                case "config-write-period-secs" -> period = seconds(name, value);
                case "config-write-initial-delay-secs" -> delay = seconds(name, value);
                case "conditions" -> conditions = flag(value);
                default -> throw new IllegalArgumentException("there is no option '" + name + "'");
            }
        }
        if (folder == null) {
            throw new IllegalArgumentException("config-output-dir or config-merge-dir must be given");
        }
        return new Options(folder, merge, period, delay, conditions);
    }

    private static long seconds(String name, String value) {
        try {
            long seconds = Long.parseLong(value);
            if (seconds >= 0) {
                return seconds;
            }
        } catch (NumberFormatException malformed) {
            // Told below.
        }
        throw new IllegalArgumentException(name + " must be a number of seconds, not '" + value + "'");
    }

    private static boolean flag(String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("conditions must be true or false, not '" + value + "'");
        };
    }
}
