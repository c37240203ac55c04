package dev.anneal.tracer;

import java.lang.reflect.Proxy;

/** Names as the file has them, and the JSON around them. */
final class Names {
    private Names() {
    }

    /** The JSON of a type: its name as the source language writes it, or the interfaces of a proxy; null if it has no name. */
    static String type(Class<?> type) {
        Class<?> element = type;
        while (element.isArray()) {
            element = element.getComponentType();
        }
        if (element.isPrimitive() && element == type) {
            return null;
        }
        if (element.isHidden()) {
            return null;
        }
        if (element == type && Proxy.isProxyClass(type)) {
            return proxy(type.getInterfaces());
        }
        return quoted(type.getTypeName());
    }

    /** The JSON of a type whose members are reached; null for a proxy, whose own are there with it. */
    static String owner(Class<?> type) {
        return Proxy.isProxyClass(type) ? null : type(type);
    }

    /** The JSON of a proxy type. */
    static String proxy(Class<?>[] interfaces) {
        return "{\"proxy\":" + types(interfaces) + "}";
    }

    /** The JSON of a list of types by their names. */
    static String types(Class<?>[] types) {
        StringBuilder json = new StringBuilder("[");
        for (Class<?> type : types) {
            if (json.length() > 1) {
                json.append(',');
            }
            json.append(quoted(type.getTypeName()));
        }
        return json.append(']').toString();
    }

    /** Whether something can be the name of a class: anything else is not found by whoever asks, natively too. */
    static boolean isTypeName(String name) {
        if (name == null || name.isEmpty() || name.length() > 1024) {
            return false;
        }
        boolean start = true;
        for (int index = 0; index < name.length(); index++) {
            char character = name.charAt(index);
            if (start ? !Character.isJavaIdentifierStart(character) : character != '.' && !Character.isJavaIdentifierPart(character)) {
                return false;
            }
            start = character == '.';
        }
        return !start;
    }

    /** The name of a resource from the root, as {@code Class.getResource} takes it. */
    static String resource(Class<?> type, String name) {
        if (name == null) {
            return null;
        }
        if (name.startsWith("/")) {
            return name.substring(1);
        }
        Class<?> element = type;
        while (element.isArray()) {
            element = element.getComponentType();
        }
        String packageName = element.getPackageName();
        return packageName.isEmpty() ? name : packageName.replace('.', '/') + "/" + name;
    }

    /** A pattern for exactly one path. */
    static String glob(String path) {
        StringBuilder glob = new StringBuilder();
        for (int index = 0; index < path.length(); index++) {
            char character = path.charAt(index);
            if (character == '*' || character == '\\') {
                glob.append('\\');
            }
            glob.append(character);
        }
        return glob.toString();
    }

    /** A JSON text. */
    static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (int index = 0; index < text.length(); index++) {
            char character = text.charAt(index);
            if (character == '"' || character == '\\') {
                json.append('\\').append(character);
            } else if (character < ' ' || Character.isSurrogate(character)) {
                json.append("\\u");
                for (int shift = 12; shift >= 0; shift -= 4) {
                    json.append(Character.forDigit(character >> shift & 15, 16));
                }
            } else {
                json.append(character);
            }
        }
        return json.append('"').toString();
    }
}
