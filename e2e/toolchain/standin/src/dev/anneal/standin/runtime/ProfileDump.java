package dev.anneal.standin.runtime;

import dev.anneal.standin.json.JsonParser;
import dev.anneal.standin.json.JsonPrinter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Turns the counters of an instrumented executable into an {@code .iprof} file of version 1.1.0. */
final class ProfileDump {
    private final Map<String, Object> sites;
    private final ProfileTables tables;

    private ProfileDump(Map<String, Object> sites) {
        this.sites = sites;
        this.tables = new ProfileTables(rows("types"), rows("methods"));
    }

    /** Writes the profile whole or not at all. */
    static void writeAtExit(Path file) {
        try {
            byte[] profile = profile().getBytes(StandardCharsets.UTF_8);
            if (Image.hasFault("cut-profile")) {
                profile = Arrays.copyOf(profile, profile.length / 2);
            }
            Path temporary = file.resolveSibling(file.getFileName() + ".part");
            Files.write(temporary, profile);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException unwritable) {
            System.err.println("standin-native-image: the profile " + file + " cannot be written: " + unwritable);
        }
    }

    @SuppressWarnings("unchecked") // The builder wrote the file.
    private static String profile() throws IOException {
        return new ProfileDump((Map<String, Object>) JsonParser.parse(Image.text(Image.SITES))).text();
    }

    private String text() {
        Map<String, Object> profile = new LinkedHashMap<>();
        profile.put("version", "1.1.0");
        List<Object> calls = callCounts();
        List<Object> branches = conditions();
        List<Object> virtual = receivers("virtual");
        List<Object> instance = receivers("instanceof");
        List<Object> monitors = monitors();
        profile.put("types", tables.types());
        profile.put("methods", tables.methods());
        profile.put("callCountProfiles", calls);
        profile.put("conditionalProfiles", branches);
        profile.put("virtualInvokeProfiles", virtual);
        profile.put("instanceofProfiles", instance);
        profile.put("monitorProfiles", monitors);
        return JsonPrinter.compact(profile);
    }

    private List<Object> callCounts() {
        List<Object> entries = new ArrayList<>();
        for (Object row : rows("methods")) {
            Map<?, ?> method = (Map<?, ?>) row;
            long count = Counters.hits(number(method, "counter"));
            if (count > 0) {
                entries.add(entry(tables.method(number(method, "id")), 0, List.of(count)));
            }
        }
        return entries;
    }

    private List<Object> conditions() {
        List<Object> entries = new ArrayList<>();
        for (Object row : rows("branches")) {
            Map<?, ?> branch = (Map<?, ?>) row;
            List<?> successors = (List<?>) branch.get("successors");
            int counter = number(branch, "counter");
            List<Object> records = new ArrayList<>();
            long total = 0;
            for (int i = 0; i < successors.size(); i += 2) {
                long count = Counters.hits(counter + i / 2);
                records.addAll(List.of(successors.get(i), successors.get(i + 1), count));
                total += count;
            }
            if (total > 0) {
                entries.add(entry(tables.method(number(branch, "method")), number(branch, "bci"), records));
            }
        }
        return entries;
    }

    private List<Object> receivers(String section) {
        List<Object> entries = new ArrayList<>();
        for (Object row : rows(section)) {
            Map<?, ?> site = (Map<?, ?>) row;
            List<Object> records = typeRecords(number(site, "site"));
            if (!records.isEmpty()) {
                entries.add(entry(tables.method(number(site, "method")), number(site, "bci"), records));
            }
        }
        return entries;
    }

    /** All monitors share one entry, whose context the format fixes. */
    private List<Object> monitors() {
        List<Object> records = typeRecords(0);
        return records.isEmpty() ? List.of() : List.of(entry(0, 0, records));
    }

    private List<Object> typeRecords(int site) {
        List<Object> records = new ArrayList<>();
        Counters.types(site).counts().forEach((name, count) -> {
            records.add(tables.type(name));
            records.add(count);
        });
        return records;
    }

    private static Map<String, Object> entry(int method, int bci, List<?> records) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("ctx", method + ":" + bci);
        entry.put("records", records);
        return entry;
    }

    private List<?> rows(String name) {
        return (List<?>) sites.get(name);
    }

    private static int number(Map<?, ?> row, String key) {
        return ((Number) row.get(key)).intValue();
    }
}
