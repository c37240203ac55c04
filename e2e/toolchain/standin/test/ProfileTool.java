import dev.anneal.standin.json.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Checks a profile against the published format and prints its entries by name, one per line, for the tests to search. */
public final class ProfileTool {
    private static final Map<String, Integer> STRIDES = Map.of("callCountProfiles", 1, "conditionalProfiles", 3,
            "virtualInvokeProfiles", 2, "instanceofProfiles", 2, "monitorProfiles", 2);
    private static final Pattern CALL = Pattern.compile("[0-9]+:0(<[0-9]+:-?[0-9]+)*");
    private static final Pattern OTHER = Pattern.compile("[0-9]+:-?[0-9]+(<[0-9]+:-?[0-9]+)*");

    private final Map<Long, String> types = new HashMap<>();
    private final Map<Long, String> methods = new HashMap<>();

    private ProfileTool() {
    }

    public static void main(String[] arguments) throws IOException {
        new ProfileTool().print(map(JsonParser.parse(Files.readString(Path.of(arguments[0])))));
    }

    private void print(Map<String, Object> profile) {
        require("1.1.0".equals(profile.get("version")), "version");
        for (Object type : list(profile.get("types"))) {
            require(types.put((Long) map(type).get("id"), (String) map(type).get("name")) == null, "type id");
        }
        for (Object method : list(profile.get("methods"))) {
            List<Object> signature = list(map(method).get("signature"));
            require(signature.size() >= 2, "signature");
            signature.forEach(id -> require(types.containsKey(id), "type of a signature"));
            String name = types.get(signature.getFirst()) + "." + map(method).get("name");
            require(methods.put((Long) map(method).get("id"), name) == null, "method id");
        }
        for (String section : profile.keySet()) {
            if (!List.of("version", "types", "methods").contains(section)) {
                require(STRIDES.containsKey(section), "section " + section);
                list(profile.get(section)).forEach(entry -> entry(section, map(entry)));
            }
        }
        System.out.println("valid");
    }

    private void entry(String section, Map<String, Object> entry) {
        String context = (String) entry.get("ctx");
        List<Object> records = list(entry.get("records"));
        int stride = STRIDES.get(section);
        boolean calls = section.equals("callCountProfiles");
        require((calls ? CALL : OTHER).matcher(context).matches(), "context " + context);
        require(!records.isEmpty() && records.size() % stride == 0, "records of " + context);
        records = new ArrayList<>(records);
        for (int i = 0; i < records.size(); i += stride) {
            require((Long) records.get(i + stride - 1) >= 0, "count of " + context);
            if (stride == 2) {
                String type = types.get(records.get(i));
                require(type != null, "type of " + context);
                records.set(i, type);
            }
        }
        String[] place = context.split(":");
        String method = section.equals("monitorProfiles") ? "monitors" : methods.get(Long.valueOf(place[0]));
        require(method != null, "method of " + context);
        System.out.println(section + " " + method + " " + place[1] + " " + records);
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            System.out.println("invalid: " + what);
            System.exit(1);
        }
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object json) {
        return (List<Object>) json;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object json) {
        return (Map<String, Object>) json;
    }
}
