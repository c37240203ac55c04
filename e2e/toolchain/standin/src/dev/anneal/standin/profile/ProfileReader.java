package dev.anneal.standin.profile;

import dev.anneal.standin.json.JsonParser;
import dev.anneal.standin.json.JsonProblem;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/** Reads and checks {@code .iprof} files of version 1, plain or compressed. */
public final class ProfileReader {
    private static final Pattern CONTEXT = Pattern.compile("[0-9]+:-?[0-9]+(<[0-9]+:-?[0-9]+)*");
    private static final Map<String, Integer> STRIDES = Map.of("callCountProfiles", 1, "samplingProfiles", 1, "conditionalProfiles", 3,
            "virtualInvokeProfiles", 2, "instanceofProfiles", 2, "instanceOfProfiles", 2, "monitorProfiles", 2);

    private final Map<Long, String> types = new HashMap<>();
    private final Map<Long, String> methods = new HashMap<>();
    private final Map<String, Long> calls = new HashMap<>();

    private ProfileReader() {
    }

    /**
     * Reads one file.
     *
     * @param file the profile
     * @return what it holds
     * @throws IOException if it cannot be read or is not a valid profile
     */
    public static Profile read(Path file) throws IOException {
        Object json = JsonParser.parse(text(Files.readAllBytes(file)));
        try {
            return new ProfileReader().profile(map(json));
        } catch (ClassCastException | NullPointerException | NumberFormatException unexpected) {
            throw new JsonProblem("a value of another kind was expected");
        }
    }

    private static String text(byte[] bytes) throws IOException {
        if (bytes.length > 2 && bytes[0] == 0x1f && bytes[1] == (byte) 0x8b) {
            try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private Profile profile(Map<String, Object> json) throws JsonProblem {
        String version = (String) required(json, "version");
        if (!version.matches("1\\.[0-9]+\\.[0-9]+")) {
            throw new JsonProblem("the version " + version + " is not supported");
        }
        for (Object type : list(required(json, "types"))) {
            put(types, map(type), (String) map(type).get("name"));
        }
        for (Object method : list(required(json, "methods"))) {
            put(methods, map(method), identity(map(method)));
        }
        for (Map.Entry<String, Object> section : json.entrySet()) {
            Integer stride = STRIDES.get(section.getKey());
            if (stride != null) {
                section(section.getKey(), stride, list(section.getValue()));
            }
        }
        return new Profile(Set.copyOf(methods.values()), calls, new HashSet<>(types.values()));
    }

    private String identity(Map<String, Object> method) throws JsonProblem {
        List<String> signature = new ArrayList<>();
        for (Object id : list(method.get("signature"))) {
            signature.add(known(types, (Long) id, "type"));
        }
        if (signature.size() < 2) {
            throw new JsonProblem("the signature of method " + method.get("name") + " is too short");
        }
        return MethodIdentity.of((String) method.get("name"), signature);
    }

    private void section(String name, int stride, List<Object> entries) throws JsonProblem {
        for (Object entry : entries) {
            String context = (String) map(entry).get("ctx");
            List<Object> records = list(map(entry).get("records"));
            boolean oneCount = stride == 1;
            if (!CONTEXT.matcher(context).matches() || records.size() % stride != 0 || oneCount && records.size() != 1) {
                throw new JsonProblem("an entry of " + name + " is malformed: " + context);
            }
            for (int i = stride - 1; i < records.size(); i += stride) {
                if ((Long) records.get(i) < 0) {
                    throw new JsonProblem("an entry of " + name + " has a negative count: " + context);
                }
                if (stride == 2) {
                    known(types, (Long) records.get(i - 1), "type");
                }
            }
            if (!name.equals("monitorProfiles") && !records.isEmpty()) {
                contextMethods(name, context, (Long) records.getFirst());
            }
        }
    }

    private void contextMethods(String section, String context, long count) throws JsonProblem {
        String[] frames = context.split("<");
        for (String frame : frames) {
            known(methods, Long.valueOf(frame.substring(0, frame.indexOf(':'))), "method");
        }
        if (section.equals("callCountProfiles")) {
            calls.merge(methods.get(Long.valueOf(frames[0].substring(0, frames[0].indexOf(':')))), count, Long::sum);
        }
    }

    private static void put(Map<Long, String> table, Map<String, Object> row, String value) throws JsonProblem {
        Long id = (Long) required(row, "id");
        if (value == null || table.put(id, value) != null) {
            throw new JsonProblem("the id " + id + " stands twice or has no name");
        }
    }

    private static String known(Map<Long, String> table, Long id, String kind) throws JsonProblem {
        String name = table.get(id);
        if (name == null) {
            throw new JsonProblem("the " + kind + " id " + id + " is not declared");
        }
        return name;
    }

    private static Object required(Map<String, Object> object, String key) throws JsonProblem {
        Object value = object.get(key);
        if (value == null) {
            throw new JsonProblem("the key \"" + key + "\" is missing");
        }
        return value;
    }

    @SuppressWarnings("unchecked") // The parser makes no other lists and maps; a wrong kind fails with ClassCastException.
    private static List<Object> list(Object json) {
        return (List<Object>) json;
    }

    @SuppressWarnings("unchecked") // As above.
    private static Map<String, Object> map(Object json) {
        return (Map<String, Object>) json;
    }
}
