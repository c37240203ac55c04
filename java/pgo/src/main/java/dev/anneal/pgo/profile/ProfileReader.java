package dev.anneal.pgo.profile;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** Reads profiles of versions 1.0 and 1.1, plain or compressed, and adds them up. */
public final class ProfileReader {
    /** Larger files are none of a program's. */
    private static final int LARGEST = 1 << 30;

    private final Profile profile;
    private final Map<Integer, String> types = new HashMap<>();
    private final Map<Integer, MethodName> methods = new HashMap<>();
    private final List<RawMethod> rawMethods = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private String version;
    private boolean hasTypes;
    private boolean hasMethods;

    private record RawMethod(int id, String name, long[] signature) {
    }

    private record Entry(Section section, String context, long[] records) {
    }

    private ProfileReader(Profile profile) {
        this.profile = profile;
    }

    /** The files of a list with commas. */
    public static List<Path> paths(String list) {
        List<Path> paths = new ArrayList<>();
        for (String file : list.split(",")) {
            if (!file.isBlank()) {
                paths.add(Path.of(file.strip()));
            }
        }
        return paths;
    }

    public static Profile read(List<Path> files) throws ProfileProblem, IOException {
        Profile profile = new Profile();
        for (Path file : files) {
            try {
                read(content(file), profile);
            } catch (ProfileProblem problem) {
                throw new ProfileProblem("the profile file " + file + " is not valid: " + problem.getMessage());
            }
        }
        return profile;
    }

    static void read(byte[] text, Profile profile) throws ProfileProblem {
        ProfileReader reader = new ProfileReader(profile);
        JsonReader json = new JsonReader(text);
        reader.file(json);
        json.end();
        reader.resolve();
    }

    private static byte[] content(Path file) throws IOException, ProfileProblem {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LARGEST);
        }
        if (bytes.length > 1 && (bytes[0] & 0xff) == 0x1f && (bytes[1] & 0xff) == 0x8b) {
            try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
                bytes = in.readNBytes(LARGEST);
            } catch (IOException cut) {
                throw new ProfileProblem("it cannot be decompressed");
            }
        }
        if (bytes.length == LARGEST) {
            throw new ProfileProblem("it is too large");
        }
        return bytes;
    }

    private void file(JsonReader json) throws ProfileProblem {
        json.object(key -> {
            switch (key) {
                case "version" -> version = json.string();
                case "types" -> {
                    hasTypes = true;
                    json.array(() -> type(json));
                }
                case "methods" -> {
                    hasMethods = true;
                    json.array(() -> method(json));
                }
                default -> {
                    Section section = section(key);
                    if (section == null) {
                        json.skip();
                    } else {
                        json.array(() -> entry(json, section));
                    }
                }
            }
        });
        if (version == null || !hasTypes || !hasMethods) {
            throw json.problem("version, types or methods are missing");
        }
        if (!version.startsWith("1.")) {
            throw json.problem("version " + version + " is not known");
        }
    }

    private static Section section(String key) {
        for (Section section : Section.values()) {
            // Some producers spell one of them otherwise.
            if (section.key().equalsIgnoreCase(key)) {
                return section;
            }
        }
        return null;
    }

    private void type(JsonReader json) throws ProfileProblem {
        int[] id = {-1};
        String[] name = {null};
        json.object(key -> {
            switch (key) {
                case "id" -> id[0] = json.smallNumber();
                case "name" -> name[0] = json.string();
                default -> json.skip();
            }
        });
        if (id[0] < 0 || name[0] == null || types.put(id[0], name[0]) != null) {
            throw json.problem("a type has no name or no number of its own");
        }
    }

    private void method(JsonReader json) throws ProfileProblem {
        int[] id = {-1};
        String[] name = {null};
        long[][] signature = {{}};
        json.object(key -> {
            switch (key) {
                case "id" -> id[0] = json.smallNumber();
                case "name" -> name[0] = json.string();
                case "signature" -> signature[0] = json.numbers();
                default -> json.skip();
            }
        });
        if (id[0] < 0 || name[0] == null || signature[0].length < 2) {
            throw json.problem("a method is incomplete");
        }
        rawMethods.add(new RawMethod(id[0], name[0], signature[0]));
    }

    private void entry(JsonReader json, Section section) throws ProfileProblem {
        String[] context = {null};
        long[][] records = {null};
        json.object(key -> {
            switch (key) {
                case "ctx" -> context[0] = json.string();
                case "records" -> records[0] = json.numbers();
                default -> json.skip();
            }
        });
        if (context[0] == null || records[0] == null) {
            throw json.problem("a record is incomplete");
        }
        entries.add(new Entry(section, context[0], records[0]));
    }

    /** Tables may stand behind what refers to them. */
    private void resolve() throws ProfileProblem {
        for (RawMethod raw : rawMethods) {
            List<String> parameters = new ArrayList<>();
            for (int i = 2; i < raw.signature.length; i++) {
                parameters.add(type(raw.signature[i]));
            }
            MethodName method = new MethodName(type(raw.signature[0]), raw.name, type(raw.signature[1]), parameters);
            if (methods.put(raw.id, method) != null) {
                throw new ProfileProblem("method " + raw.id + " stands twice");
            }
            profile.addMethod(method);
        }
        for (Entry entry : entries) {
            add(entry);
        }
    }

    private void add(Entry entry) throws ProfileProblem {
        int stride = switch (entry.section) {
            case CALLS -> 1;
            case CONDITIONS -> 3;
            default -> 2;
        };
        long[] records = entry.records;
        if (records.length % stride != 0 || entry.section == Section.CALLS && records.length != 1) {
            throw new ProfileProblem("the records at " + entry.context + " have a wrong length");
        }
        for (int i = stride - 1; i < records.length; i += stride) {
            if (records[i] < 0) {
                throw new ProfileProblem("a count at " + entry.context + " is negative");
            }
        }
        switch (entry.section) {
            case CALLS -> profile.addCalls(context(entry.context), records[0]);
            case CONDITIONS -> profile.addOutcomes(context(entry.context), Outcomes.of(records));
            case RECEIVERS -> {
                Context place = context(entry.context);
                for (int i = 0; i < records.length; i += 2) {
                    profile.addReceiver(place, type(records[i]), records[i + 1]);
                }
            }
            // Nothing here makes use of these.
            case INSTANCES, MONITORS -> {
            }
        }
    }

    private String type(long id) throws ProfileProblem {
        String name = id == (int) id ? types.get((int) id) : null;
        if (name == null) {
            throw new ProfileProblem("type " + id + " is not declared");
        }
        return name;
    }

    private Context context(String text) throws ProfileProblem {
        List<Context.Frame> frames = new ArrayList<>();
        for (String frame : text.split("<", -1)) {
            int colon = frame.indexOf(':');
            try {
                MethodName method = methods.get(Integer.parseInt(frame.substring(0, Math.max(0, colon))));
                if (method == null) {
                    throw new ProfileProblem("the context " + text + " names a method that is not declared");
                }
                frames.add(new Context.Frame(method, Integer.parseInt(frame.substring(colon + 1))));
            } catch (NumberFormatException noNumber) {
                throw new ProfileProblem("the context " + text + " is not one");
            }
        }
        return new Context(frames);
    }
}
