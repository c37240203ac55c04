package dev.anneal.tracer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * {@code reachability-metadata.json}: whole at any time, in one order, and written only when something is new.
 *
 * <p>Each entry is one line and says one thing, so that the union of two files is that of their lines. A type with several methods
 * has several entries; image builders and the depot unite them.
 */
final class MetadataFile {
    private static final String NAME = "reachability-metadata.json";
    private static final List<String> KINDS = List.of("downcalls", "upcalls");

    private final Path file;
    private final Recorder recorder;
    private final Map<String, TreeSet<String>> earlier;
    private String written;

    private MetadataFile(Path file, Recorder recorder, Map<String, TreeSet<String>> earlier) {
        this.file = file;
        this.recorder = recorder;
        this.earlier = earlier;
    }

    static MetadataFile open(Options options, Recorder recorder) throws IOException {
        Files.createDirectories(options.folder());
        Path file = options.folder().resolve(NAME);
        Map<String, TreeSet<String>> earlier = new TreeMap<>();
        if (options.merge() && Files.exists(file)) {
            read(file, earlier);
        }
        return new MetadataFile(file, recorder, earlier);
    }

    /** Lines of the tracer's own files only: another writer's may mean anything. */
    private static void read(Path file, Map<String, TreeSet<String>> lines) throws IOException {
        String section = null;
        for (String line : Files.readAllLines(file)) {
            String text = line.strip();
            String entry = text.endsWith(",") ? text.substring(0, text.length() - 1) : text;
            if (text.endsWith("\": [") && text.startsWith("\"")) {
                section = text.substring(1, text.length() - 4);
            } else if (entry.startsWith("{\"") && entry.endsWith("}") && section != null) {
                lines.computeIfAbsent(section, key -> new TreeSet<>()).add(entry);
            } else if (!List.of("", "{", "}", "]", "\"foreign\": {").contains(entry) && !text.endsWith("\": [],") && !text.endsWith("\": []")) {
                throw new IOException(file + " was not written by this tracer, and cannot be merged: " + entry);
            }
        }
    }

    void writePeriodically(Options options) {
        Thread writer = new Thread(null, () -> {
            Hooks.ignoreThisThread();
            try {
                Thread.sleep(options.delaySeconds() * 1000);
                while (true) {
                    writeOrSay();
                    Thread.sleep(options.periodSeconds() * 1000);
                }
            } catch (InterruptedException end) {
                // The last writing is the shutdown's.
            }
        }, "anneal-tracer", 0, false);
        writer.setDaemon(true);
        writer.start();
    }

    synchronized void writeOrSay() {
        Hooks.ignoreThisThread();
        try {
            write();
        } catch (IOException unwritable) {
            Tracer.say(file + " cannot be written: " + unwritable);
        }
    }

    private void write() throws IOException {
        String text = text();
        if (text.equals(written)) {
            return;
        }
        Path part = file.resolveSibling("." + NAME + ".part");
        Files.writeString(part, text);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        written = text;
    }

    private String text() {
        List<String> sections = new ArrayList<>();
        for (Recorder.Section section : Recorder.Section.values()) {
            sections.add("  " + list(section.key(), recorder.lines(section), "  "));
        }
        List<String> kinds = new ArrayList<>();
        for (String kind : KINDS) {
            String list = list(kind, recorder.foreign(kind), "    ");
            if (!list.endsWith("[]")) {
                kinds.add("    " + list);
            }
        }
        if (!kinds.isEmpty()) {
            sections.add("  \"foreign\": {\n" + String.join(",\n", kinds) + "\n  }");
        }
        return "{\n" + String.join(",\n", sections) + "\n}\n";
    }

    private String list(String key, Collection<String> recorded, String indent) {
        TreeSet<String> lines = new TreeSet<>(earlier.getOrDefault(key, new TreeSet<>()));
        lines.addAll(recorded);
        StringBuilder text = new StringBuilder(Names.quoted(key)).append(": [");
        String separator = "\n";
        for (String line : lines) {
            text.append(separator).append(indent).append("  ").append(line);
            separator = ",\n";
        }
        return text.append(lines.isEmpty() ? "]" : "\n" + indent + "]").toString();
    }
}
