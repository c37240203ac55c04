package dev.anneal.differential;

import java.util.Map;

/** Runs the program that its argument names; {@code --list} prints them all: name, group and settings, separated by tabs. */
public final class Main {
    private Main() {
    }

    /**
     * Runs it.
     *
     * @param arguments the name
     * @throws Throwable what the program ends with
     */
    public static void main(String[] arguments) throws Throwable {
        Map<String, Catalog.Entry> all = Catalog.all();
        if (arguments[0].equals("--list")) {
            all.forEach((name, entry) -> System.out.println(name + "\t" + entry.group() + "\t" + entry.settings()));
            return;
        }
        all.get(arguments[0]).program().run();
    }
}
