package dev.anneal.launcher;

import java.lang.reflect.Array;
import java.util.Map;

/** Writes maps, iterables, arrays, strings, numbers, booleans and null as compact JSON, without reflection on user types. */
public final class JsonWriter {
    private static final int DEEPEST = 128;
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final StringBuilder out = new StringBuilder();

    private JsonWriter() {
    }

    /**
     * Writes a value.
     *
     * @param value the value
     * @return its JSON text
     * @throws IllegalArgumentException if the value, or one inside it, has no JSON form
     */
    public static String write(Object value) {
        JsonWriter writer = new JsonWriter();
        writer.value(value, 0);
        return writer.out.toString();
    }

    private void value(Object value, int depth) {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("the value has more than " + DEEPEST + " nested values");
        }
        switch (value) {
            case null -> out.append("null");
            case CharSequence text -> string(text);
            case Boolean truth -> out.append(truth.booleanValue());
            case Number number -> number(number);
            case Map<?, ?> map -> object(map, depth);
            case Iterable<?> items -> array(items, depth);
            case Enum<?> constant -> string(constant.name());
            case Character character -> string(character.toString());
            default -> {
                if (!value.getClass().isArray()) {
                    throw new IllegalArgumentException(
                            "a value of class " + value.getClass().getName() + " has no JSON form");
                }
                javaArray(value, depth);
            }
        }
    }

    private void number(Number number) {
        double value = number.doubleValue();
        boolean binary = number instanceof Double || number instanceof Float;
        if (binary && (Double.isNaN(value) || Double.isInfinite(value))) {
            throw new IllegalArgumentException("the number " + number + " has no JSON form");
        }
        out.append(number);
    }

    private void object(Map<?, ?> map, int depth) {
        out.append('{');
        boolean first = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!first) {
                out.append(',');
            }
            first = false;
            string(String.valueOf(entry.getKey()));
            out.append(':');
            value(entry.getValue(), depth + 1);
        }
        out.append('}');
    }

    private void array(Iterable<?> items, int depth) {
        out.append('[');
        boolean first = true;
        for (Object item : items) {
            if (!first) {
                out.append(',');
            }
            first = false;
            value(item, depth + 1);
        }
        out.append(']');
    }

    private void javaArray(Object array, int depth) {
        out.append('[');
        int length = Array.getLength(array);
        for (int i = 0; i < length; i++) {
            if (i > 0) {
                out.append(',');
            }
            value(Array.get(array, i), depth + 1);
        }
        out.append(']');
    }

    private void string(CharSequence text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            character(text.charAt(i));
        }
        out.append('"');
    }

    private void character(char c) {
        switch (c) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            default -> {
                if (c < ' ' || Character.isSurrogate(c)) {
                    unicode(c);
                } else {
                    out.append(c);
                }
            }
        }
    }

    /** Surrogates are escaped too: a lone one cannot be written as UTF-8. */
    private void unicode(char c) {
        out.append("\\u").append(HEX[c >> 12]).append(HEX[c >> 8 & 15]).append(HEX[c >> 4 & 15]).append(HEX[c & 15]);
    }
}
