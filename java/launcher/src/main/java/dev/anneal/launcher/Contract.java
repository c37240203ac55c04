package dev.anneal.launcher;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.stream.Collectors;

/** How a request body becomes the function's argument, and its result the response body. */
public enum Contract {
    /** {@code public static Map main(Map)}: JSON objects. */
    Map {
        @Override
        Request decode(byte[] body, String type) throws JsonException {
            return new Request(object(body), Contract::json);
        }
    },
    /** {@code java.util.function.Function} of maps: JSON objects. */
    FunctionMap {
        @Override
        Request decode(byte[] body, String type) throws JsonException {
            return new Request(object(body), Contract::json);
        }
    },
    /** {@code java.util.function.Function} of strings: plain text, or JSON if the content type says so. */
    FunctionString {
        @Override
        Request decode(byte[] body, String type) throws JsonException {
            String text = JsonReader.utf8(body);
            if (!isJson(type) || text.isBlank()) {
                return new Request(text, Contract::text);
            }
            Object value = JsonReader.read(text);
            // A JSON string is unwrapped; any other document reaches the function as the text it is.
            return value instanceof String string
                    ? new Request(string, Contract::json)
                    : new Request(text, Contract::document);
        }
    },
    /** {@code java.util.function.Function} of byte arrays: the bytes as they are. */
    FunctionBytes {
        @Override
        Request decode(byte[] body, String type) {
            return new Request(body, Contract::bytes);
        }
    };

    private interface Encoder {
        Response encode(Object value) throws JsonException;
    }

    /** A decoded request that knows the form of its answer. */
    static final class Request {
        private final Object value;
        private final Encoder encoder;

        private Request(Object value, Encoder encoder) {
            this.value = value;
            this.encoder = encoder;
        }

        Object value() {
            return value;
        }

        Response encode(Object result) throws JsonException {
            return result == null ? Response.empty(204) : encoder.encode(result);
        }
    }

    abstract Request decode(byte[] body, String type) throws JsonException;

    /**
     * Finds a contract by its exact name.
     *
     * @param name the name that the entry class passes
     * @return the contract
     * @throws IllegalArgumentException if there is none of that name
     */
    public static Contract byName(String name) {
        for (Contract contract : values()) {
            if (contract.name().equals(name)) {
                return contract;
            }
        }
        String known = Arrays.stream(values()).map(Contract::name).collect(Collectors.joining(", "));
        throw new IllegalArgumentException("contract \"" + name + "\" is not one of " + known);
    }

    private static boolean isJson(String type) {
        if (type == null) {
            return false;
        }
        String media = type.split(";", 2)[0].trim().toLowerCase(Locale.ROOT);
        return media.equals("application/json") || media.endsWith("+json");
    }

    private static Object object(byte[] body) throws JsonException {
        String text = JsonReader.utf8(body);
        if (text.isBlank()) {
            return new LinkedHashMap<String, Object>();
        }
        Object value = JsonReader.read(text);
        if (value instanceof java.util.Map) {
            return value;
        }
        throw new JsonException("the body must be a JSON object");
    }

    private static Response json(Object value) {
        return Response.json(200, value);
    }

    private static Response text(Object value) {
        return Response.text(200, (String) value);
    }

    private static Response bytes(Object value) {
        return Response.of(200, Response.BYTES, (byte[]) value);
    }

    private static Response document(Object value) {
        String text = (String) value;
        try {
            JsonReader.read(text);
            return Response.of(200, Response.JSON, text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonException notJson) {
            return Response.text(200, text);
        }
    }
}
