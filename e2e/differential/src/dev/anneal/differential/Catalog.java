package dev.anneal.differential;

import java.util.LinkedHashMap;
import java.util.Map;

/** All programs by their names. Lambdas, so that nothing of this is reflection. */
final class Catalog {
    /**
     * An entry.
     *
     * @param group what native images get wrong there
     * @param settings what the runner does beside running it: environment variables, {@code errors} if standard error counts too
     * @param program the program
     */
    record Entry(String group, String settings, Program program) {
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private String group = "";

    static Map<String, Entry> all() {
        Catalog catalog = new Catalog();
        Reflection.list(catalog.group("reflection"));
        Handles.list(catalog.group("method handles"));
        Resources.list(catalog.group("resources"));
        Proxies.list(catalog.group("proxies and lambdas"));
        Serials.list(catalog.group("serialization"));
        Texts.list(catalog.group("charsets and text"));
        Locales.list(catalog.group("locales"));
        Times.list(catalog.group("time"));
        Securities.list(catalog.group("security"));
        Ends.list(catalog.group("signals and exit codes"));
        Threading.list(catalog.group("threads"));
        Memories.list(catalog.group("memory"));
        Traces.list(catalog.group("stack traces"));
        Networks.list(catalog.group("network"));
        Filesystem.list(catalog.group("files and processes"));
        Library.list(catalog.group("library"));
        Samples.list(catalog.group("samples behind the launcher"));
        return catalog.entries;
    }

    private Catalog group(String name) {
        group = name;
        return this;
    }

    Catalog add(String name, Program program) {
        return add(name, "", program);
    }

    Catalog add(String name, String settings, Program program) {
        if (entries.put(name, new Entry(group, settings, program)) != null) {
            throw new IllegalStateException("two programs are named " + name);
        }
        return this;
    }
}
