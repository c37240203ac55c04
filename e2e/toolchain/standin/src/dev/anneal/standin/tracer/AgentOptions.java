package dev.anneal.standin.tracer;

import java.nio.file.Path;

/**
 * The options of the tracer, in the spelling of the agent it stands for.
 *
 * @param folder where the result goes
 * @param merge whether what is there already is kept
 * @param periodSeconds how often the result is written while the program runs; 0 means only at its end
 * @param initialDelaySeconds when it is first written
 */
record AgentOptions(Path folder, boolean merge, long periodSeconds, long initialDelaySeconds) {
    static AgentOptions parse(String text) {
        Path folder = null;
        boolean merge = false;
        long period = 0;
        long delay = 1;
        for (String option : text == null ? new String[0] : text.split(",")) {
            String[] pair = option.split("=", 2);
            String value = pair.length > 1 ? pair[1] : "";
            switch (pair[0]) {
                case "config-output-dir", "config-merge-dir" -> {
                    folder = Path.of(value);
                    merge = pair[0].equals("config-merge-dir");
                }
                case "config-write-period-secs" -> period = Long.parseLong(value);
                case "config-write-initial-delay-secs" -> delay = Long.parseLong(value);
                default -> throw new IllegalArgumentException("standin-native-image: the tracer has no option '" + option + "'");
            }
        }
        if (folder == null) {
            throw new IllegalArgumentException("standin-native-image: the tracer needs config-output-dir or config-merge-dir");
        }
        return new AgentOptions(folder, merge, period, delay);
    }
}
