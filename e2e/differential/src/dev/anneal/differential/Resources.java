package dev.anneal.differential;

import static dev.anneal.differential.Out.name;
import static dev.anneal.differential.Out.say;

import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Enumeration;
import java.util.ListResourceBundle;
import java.util.Locale;
import java.util.MissingResourceException;
import java.util.Properties;
import java.util.ResourceBundle;
import java.util.ServiceLoader;

/** What lies beside classes. */
final class Resources {
    private Resources() {
    }

    /** A service. */
    public interface Unit {
        /**
         * Its name.
         *
         * @return the name
         */
        String unit();
    }

    /** Its provider. */
    public static final class Metric implements Unit {
        /** One of it. */
        public Metric() {
        }

        @Override
        public String unit() {
            return "metre";
        }
    }

    /** A bundle that is a class. */
    public static final class Listed extends ListResourceBundle {
        /** One of it. */
        public Listed() {
        }

        @Override
        protected Object[][] getContents() {
            return new Object[][] {{"greeting", "listed"}};
        }
    }

    private static String text(InputStream in) throws Exception {
        try (in) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip().replace('\n', '|');
        }
    }

    static void list(Catalog catalog) {
        catalog.add("classResource", () -> {
            say(text(Resources.class.getResourceAsStream(name("/data/", "one.txt"))));
            say(Resources.class.getResource(name("absent", ".txt")));
            say(Resources.class.getResourceAsStream(name("/absent", ".txt")));
        }).add("loaderResource", () -> {
            ClassLoader loader = Resources.class.getClassLoader();
            say(text(loader.getResourceAsStream(name("data/", "one.txt"))));
            say(text(Thread.currentThread().getContextClassLoader().getResourceAsStream(name("data/", "one.txt"))));
            Enumeration<URL> all = loader.getResources(name("data/", "settings.properties"));
            say(Collections.list(all).size());
            say(loader.getResource(name("data/", "absent")));
        }).add("resourceUrl", () -> {
            URL url = Resources.class.getResource(name("/data/", "one.txt"));
            say(text(url.openStream()));
            say(url.openConnection().getContentLengthLong());
            say(url.getPath().endsWith("data/one.txt"));
        }).add("properties", () -> {
            Properties settings = new Properties();
            settings.load(Resources.class.getResourceAsStream(name("/data/", "settings.properties")));
            say(settings.getProperty("a") + settings.getProperty("b") + settings.getProperty("c", "none"));
        }).add("bundles", () -> {
            for (Locale locale : new Locale[] {Locale.ROOT, Locale.GERMANY, Locale.FRANCE}) {
                ResourceBundle words = ResourceBundle.getBundle(name("texts.", "words"), locale,
                        ResourceBundle.Control.getNoFallbackControl(ResourceBundle.Control.FORMAT_DEFAULT));
                say(words.getString("greeting") + " " + words.getString("only") + " " + words.getLocale());
            }
            try {
                ResourceBundle.getBundle(name("texts.", "absent"));
            } catch (MissingResourceException absent) {
                say(absent.getKey() + absent.getClassName());
            }
        }).add("classBundle", () -> {
            say(ResourceBundle.getBundle(name("dev.anneal.differential.", "Resources$Listed")).getString("greeting"));
        }).add("services", () -> {
            for (Unit unit : ServiceLoader.load(Unit.class)) {
                say(unit.unit());
            }
            say(ServiceLoader.load(Runnable.class).findFirst().isPresent());
        });
    }
}
