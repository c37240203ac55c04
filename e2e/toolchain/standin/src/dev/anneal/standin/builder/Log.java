package dev.anneal.standin.builder;

/** The build log: every line says that a stand-in wrote it. */
final class Log {
    private static final String PREFIX = "standin-native-image: ";

    private Log() {
    }

    static void line(String text) {
        System.out.println(PREFIX + text);
    }

    /** A line that is exactly as the compiler prints it, because readers of build logs look for it. */
    static void exactLine(String text) {
        System.out.println(text);
    }

    static void error(String text) {
        System.out.flush();
        text.lines().forEach(line -> System.err.println(PREFIX + line));
    }
}
