package dev.anneal.launcher;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A strict JSON reader (RFC 8259) without reflection.
 *
 * <p>Objects become {@link LinkedHashMap}, arrays {@link ArrayList}; whole numbers the smallest of {@link Integer},
 * {@link Long} and {@link BigInteger}, other numbers {@link Double}. A repeated key is an error.
 */
public final class JsonReader {
    private static final int DEEPEST = 128;
    private static final int LONGEST_NUMBER = 512;

    private final String text;
    private int at;

    private JsonReader(String text) {
        this.text = text;
    }

    /**
     * Reads one value that fills the whole text.
     *
     * @param text the JSON text
     * @return the value; null for the JSON null
     * @throws JsonException if the text is not exactly one JSON value
     */
    public static Object read(String text) throws JsonException {
        JsonReader reader = new JsonReader(text);
        Object value = reader.value(0);
        reader.space();
        if (reader.at != text.length()) {
            throw reader.error("text after the end of the value");
        }
        return value;
    }

    static String utf8(byte[] bytes) throws JsonException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException malformed) {
            throw new JsonException("the body is not UTF-8 text");
        }
    }

    private Object value(int depth) throws JsonException {
        if (depth > DEEPEST) {
            throw error("more than " + DEEPEST + " nested values");
        }
        space();
        char c = peek();
        return switch (c) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            case 't' -> word("true", Boolean.TRUE);
            case 'f' -> word("false", Boolean.FALSE);
            case 'n' -> word("null", null);
            default -> number(c);
        };
    }

    private Map<String, Object> object(int depth) throws JsonException {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        space();
        if (peek() == '}') {
            at++;
            return object;
        }
        while (true) {
            space();
            if (peek() != '"') {
                throw error("a key must be a string");
            }
            String key = string();
            space();
            expect(':');
            if (object.containsKey(key)) {
                throw error("the key \"" + key + "\" stands twice");
            }
            object.put(key, value(depth + 1));
            space();
            if (peek() == '}') {
                at++;
                return object;
            }
            expect(',');
        }
    }

    private List<Object> array(int depth) throws JsonException {
        List<Object> array = new ArrayList<>();
        at++;
        space();
        if (peek() == ']') {
            at++;
            return array;
        }
        while (true) {
            array.add(value(depth + 1));
            space();
            if (peek() == ']') {
                at++;
                return array;
            }
            expect(',');
        }
    }

    private String string() throws JsonException {
        int start = ++at;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                return text.substring(start, at++);
            }
            if (c == '\\') {
                return escapedString(start);
            }
            if (c < ' ') {
                throw error("a control character in a string");
            }
            at++;
        }
        throw error("a string without an end");
    }

    private String escapedString(int start) throws JsonException {
        StringBuilder builder = new StringBuilder().append(text, start, at);
        while (true) {
            char c = next();
            if (c == '"') {
                return builder.toString();
            }
            if (c < ' ') {
                throw error("a control character in a string");
            }
            builder.append(c == '\\' ? escape() : c);
        }
    }

    private char escape() throws JsonException {
        char c = next();
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> unicode();
            default -> throw error("an unknown escape in a string");
        };
    }

    private char unicode() throws JsonException {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int digit = hexDigit(next());
            if (digit < 0) {
                throw error("an escape that is not four hexadecimal digits");
            }
            code = code * 16 + digit;
        }
        return (char) code;
    }

    private static int hexDigit(char c) {
        return c < 128 ? Character.digit(c, 16) : -1;
    }

    private Object number(char first) throws JsonException {
        int start = at;
        if (first == '-') {
            at++;
        }
        int digits = at;
        digits();
        if (text.charAt(digits) == '0' && at > digits + 1) {
            throw error("a number that begins with 0");
        }
        boolean whole = true;
        if (at < text.length() && text.charAt(at) == '.') {
            whole = false;
            at++;
            digits();
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            whole = false;
            at++;
            if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
                at++;
            }
            digits();
        }
        if (at - start > LONGEST_NUMBER) {
            throw error("a number of more than " + LONGEST_NUMBER + " characters");
        }
        String number = text.substring(start, at);
        return whole ? wholeNumber(number) : decimalNumber(number);
    }

    private void digits() throws JsonException {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == start) {
            throw error("a value was expected");
        }
    }

    private static Object wholeNumber(String number) {
        if (number.length() > 18) {
            BigInteger big = new BigInteger(number);
            return big.bitLength() < Long.SIZE ? (Object) big.longValue() : big;
        }
        long value = Long.parseLong(number);
        return value == (int) value ? (Object) (int) value : (Object) value;
    }

    private Object decimalNumber(String number) throws JsonException {
        double value = Double.parseDouble(number);
        if (Double.isInfinite(value)) {
            throw error("the number " + number + " is too large");
        }
        return value;
    }

    private Object word(String word, Object value) throws JsonException {
        if (!text.startsWith(word, at)) {
            throw error("an unknown word");
        }
        at += word.length();
        return value;
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() throws JsonException {
        if (at >= text.length()) {
            throw error("the text ends too early");
        }
        return text.charAt(at);
    }

    private char next() throws JsonException {
        char c = peek();
        at++;
        return c;
    }

    private void expect(char c) throws JsonException {
        if (peek() != c) {
            throw error("'" + c + "' was expected");
        }
        at++;
    }

    private JsonException error(String what) {
        return new JsonException("malformed JSON at character " + at + ": " + what);
    }
}
