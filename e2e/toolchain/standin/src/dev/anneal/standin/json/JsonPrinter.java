package dev.anneal.standin.json;

import java.util.Map;

/** Writes maps, iterables, strings, numbers, booleans and null as JSON, compact or indented. */
public final class JsonPrinter {
    private final StringBuilder out = new StringBuilder();
    private final boolean indented;

    private JsonPrinter(boolean indented) {
        this.indented = indented;
    }

    /**
     * Writes without white space.
     *
     * @param value the value
     * @return its text
     */
    public static String compact(Object value) {
        return print(value, false);
    }

    /**
     * Writes with line breaks and an indent of two.
     *
     * @param value the value
     * @return its text, with a line break at the end
     */
    public static String indented(Object value) {
        return print(value, true) + "\n";
    }

    private static String print(Object value, boolean indented) {
        JsonPrinter printer = new JsonPrinter(indented);
        printer.value(value, 0);
        return printer.out.toString();
    }

    private void value(Object value, int depth) {
        if (value instanceof Map<?, ?> map) {
            object(map, depth);
        } else if (value instanceof Iterable<?> items) {
            array(items, depth);
        } else if (value instanceof CharSequence text) {
            string(text);
        } else {
            out.append(value);
        }
    }

    private void object(Map<?, ?> map, int depth) {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator);
            lineBreak(depth + 1);
            string(entry.getKey().toString());
            out.append(indented ? ": " : ":");
            value(entry.getValue(), depth + 1);
            separator = ",";
        }
        end(map.isEmpty(), '{', '}', depth);
    }

    private void array(Iterable<?> items, int depth) {
        String separator = "[";
        boolean empty = true;
        for (Object item : items) {
            out.append(separator);
            lineBreak(depth + 1);
            value(item, depth + 1);
            separator = ",";
            empty = false;
        }
        end(empty, '[', ']', depth);
    }

    private void end(boolean empty, char open, char close, int depth) {
        if (empty) {
            out.append(open);
        } else {
            lineBreak(depth);
        }
        out.append(close);
    }

    private void lineBreak(int depth) {
        if (indented) {
            out.append('\n').append("  ".repeat(depth));
        }
    }

    private void string(CharSequence text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
