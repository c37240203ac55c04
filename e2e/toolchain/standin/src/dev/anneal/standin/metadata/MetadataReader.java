package dev.anneal.standin.metadata;

import dev.anneal.standin.json.JsonParser;
import dev.anneal.standin.json.JsonProblem;
import java.util.List;
import java.util.Map;

/**
 * Reads {@code reachability-metadata.json} and the older {@code *-config.json} files into a {@link Metadata}. Conditions
 * are read as always met; JNI, serialization, bundles and foreign calls are accepted and have no effect.
 */
public final class MetadataReader {
    private static final String FILE = "reachability-metadata.json";
    private static final List<String> SWITCHES = List.of("allDeclaredConstructors", "allDeclaredFields", "allDeclaredMethods",
            "allPublicConstructors", "allPublicFields", "allPublicMethods", "unsafeAllocated");

    private final Metadata metadata;
    private final String source;

    private MetadataReader(Metadata metadata, String source) {
        this.metadata = metadata;
        this.source = source;
    }

    /**
     * Whether files of this name hold metadata.
     *
     * @param fileName a name without folders
     * @return true if {@link #read} understands them
     */
    public static boolean reads(String fileName) {
        return fileName.equals(FILE) || fileName.endsWith("-config.json");
    }

    /**
     * Adds the content of one file.
     *
     * @param metadata what to add to
     * @param path the file's path, for messages; its last part decides about the format
     * @param text the content
     * @throws JsonProblem if the content has another form than its name promises
     */
    public static void read(Metadata metadata, String path, String text) throws JsonProblem {
        MetadataReader reader = new MetadataReader(metadata, path);
        Object json = JsonParser.parse(text);
        try {
            reader.file(path.substring(path.lastIndexOf('/') + 1), json);
        } catch (ClassCastException | NullPointerException unexpected) {
            throw new JsonProblem("the metadata in " + path + " has an unexpected form");
        }
    }

    private void file(String name, Object json) throws JsonProblem {
        switch (name) {
            case FILE -> current(map(json));
            case "reflect-config.json" -> list(json).forEach(item -> type(map(item)));
            case "resource-config.json" -> oldResources(map(json));
            case "proxy-config.json" -> list(json).forEach(this::oldProxy);
            case "jni-config.json", "serialization-config.json", "predefined-classes-config.json", "foreign-config.json" -> {
                // Accepted: the JVM below the stand-in needs no registration for these.
            }
            default -> throw new JsonProblem("the configuration file " + source + " is of no known kind");
        }
    }

    private void current(Map<String, Object> file) {
        optional(file, "reflection").forEach(item -> type(map(item)));
        optional(file, "resources").forEach(item -> resource(map(item)));
    }

    private void resource(Map<String, Object> item) {
        if (item.get("glob") instanceof String glob) {
            metadata.addGlob(glob);
        }
    }

    private void type(Map<String, Object> item) {
        Object name = item.containsKey("type") ? item.get("type") : item.get("name");
        if (name instanceof Map<?, ?> special) {
            if (special.get("proxy") instanceof List<?> interfaces) {
                metadata.addProxy(interfaces.stream().map(String.class::cast).toList());
            }
            return;
        }
        String type = (String) name;
        metadata.addType(type);
        SWITCHES.stream().filter(key -> Boolean.TRUE.equals(item.get(key))).forEach(key -> metadata.addSwitch(type, key));
        optional(item, "methods").forEach(method -> metadata.addMethod(type, signature(map(method))));
        optional(item, "fields").forEach(field -> metadata.addField(type, (String) map(field).get("name")));
    }

    private static Signature signature(Map<String, Object> method) {
        List<String> types = optional(method, "parameterTypes").stream().map(String.class::cast).toList();
        return new Signature((String) method.get("name"), types);
    }

    private void oldResources(Map<String, Object> file) {
        optional(file, "globs").forEach(item -> resource(map(item)));
        Object resources = file.get("resources");
        List<Object> includes = resources instanceof Map<?, ?> sections
                ? optional(map(sections), "includes")
                : optional(file, "resources");
        includes.forEach(item -> metadata.addPattern((String) map(item).get("pattern")));
    }

    private void oldProxy(Object item) {
        List<Object> interfaces = item instanceof Map<?, ?> object ? list(object.get("interfaces")) : list(item);
        metadata.addProxy(interfaces.stream().map(String.class::cast).toList());
    }

    private static List<Object> optional(Map<String, Object> object, String key) {
        return object.get(key) == null ? List.of() : list(object.get(key));
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
