package dev.anneal.standin.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Properties;

/** What the builder wrote into an executable about itself. */
public final class Image {
    /** The folder of the builder's files inside an executable. */
    public static final String FOLDER = "META-INF/standin/";
    /** The properties file. */
    public static final String PROPERTIES = FOLDER + "image.properties";
    /** The metadata file. */
    public static final String METADATA = FOLDER + "metadata.json";
    /** The table of counters of an instrumented executable. */
    public static final String SITES = FOLDER + "sites.json";

    private static final Properties VALUES = load();

    private Image() {
    }

    static String mainClass() {
        return VALUES.getProperty("main");
    }

    static boolean exact() {
        return Boolean.parseBoolean(VALUES.getProperty("exact"));
    }

    static boolean instrumented() {
        return "instrumented".equals(VALUES.getProperty("mode"));
    }

    static boolean hasFault(String name) {
        return Arrays.asList(VALUES.getProperty("faults", "").split(",")).contains(name);
    }

    static int number(String name) {
        return Integer.parseInt(VALUES.getProperty(name, "0"));
    }

    static String text(String resource) throws IOException {
        try (InputStream in = Image.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                throw new IOException("the executable lacks " + resource);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Properties load() {
        Properties properties = new Properties();
        try (InputStream in = Image.class.getClassLoader().getResourceAsStream(PROPERTIES)) {
            properties.load(in);
            return properties;
        } catch (IOException unreadable) {
            throw new UncheckedIOException("standin-native-image: the executable's properties cannot be read", unreadable);
        }
    }
}
