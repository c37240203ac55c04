package dev.anneal.standin.json;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A strict JSON parser for the stand-in's files. Whole numbers that fit become {@link Long}, other numbers
 * {@link BigDecimal}.
 */
public final class JsonParser {
    private static final int DEEPEST = 64;
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,3})?");

    private final String text;
    private int at;

    private JsonParser(String text) {
        this.text = text;
    }

    /**
     * Parses one value that fills the text.
     *
     * @param text the JSON text
     * @return the value
     * @throws JsonProblem if the text is anything else
     */
    public static Object parse(String text) throws JsonProblem {
        JsonParser parser = new JsonParser(text);
        Object value = parser.value(0);
        parser.skipSpace();
        if (parser.at != text.length()) {
            throw parser.problem("there is text after the end of the value");
        }
        return value;
    }

    private Object value(int depth) throws JsonProblem {
        if (depth > DEEPEST) {
            throw problem("more than " + DEEPEST + " nested values");
        }
        skipSpace();
        switch (current()) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object(int depth) throws JsonProblem {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        skipSpace();
        if (current() == '}') {
            at++;
            return object;
        }
        do {
            skipSpace();
            String key = string();
            skipSpace();
            expect(':');
            if (object.put(key, value(depth + 1)) != null) {
                throw problem("the key \"" + key + "\" stands twice");
            }
            skipSpace();
        } while (more('}'));
        return object;
    }

    private List<Object> array(int depth) throws JsonProblem {
        List<Object> array = new ArrayList<>();
        at++;
        skipSpace();
        if (current() == ']') {
            at++;
            return array;
        }
        do {
            array.add(value(depth + 1));
            skipSpace();
        } while (more(']'));
        return array;
    }

    private boolean more(char end) throws JsonProblem {
        if (current() == end) {
            at++;
            return false;
        }
        expect(',');
        return true;
    }

    private String string() throws JsonProblem {
        expect('"');
        int start = at;
        while (current() != '"' && current() != '\\') {
            plainCharacter();
        }
        if (current() == '"') {
            return text.substring(start, at++);
        }
        StringBuilder builder = new StringBuilder(text.substring(start, at));
        while (current() != '"') {
            if (current() == '\\') {
                at++;
                builder.append(escape());
            } else {
                builder.append(plainCharacter());
            }
        }
        at++;
        return builder.toString();
    }

    private char plainCharacter() throws JsonProblem {
        char c = current();
        if (c < ' ') {
            throw problem("a control character in a string");
        }
        at++;
        return c;
    }

    private char escape() throws JsonProblem {
        char c = current();
        at++;
        int plain = "\"\\/bfnrt".indexOf(c);
        if (plain >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(plain);
        }
        if (c != 'u' || at + 4 > text.length()) {
            throw problem("an unknown escape");
        }
        try {
            char code = (char) Integer.parseUnsignedInt(text.substring(at, at + 4), 16);
            at += 4;
            return code;
        } catch (NumberFormatException notHexadecimal) {
            throw problem("an unknown escape");
        }
    }

    private Object number() throws JsonProblem {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String number = text.substring(start, at);
        if (!NUMBER.matcher(number).matches()) {
            throw problem("a value was expected");
        }
        if (number.length() <= 18 && number.indexOf('.') < 0 && number.indexOf('e') < 0 && number.indexOf('E') < 0) {
            return Long.valueOf(number);
        }
        BigDecimal exact = new BigDecimal(number);
        return exact.scale() == 0 && exact.toBigInteger().bitLength() < Long.SIZE ? (Object) exact.longValueExact() : exact;
    }

    private Object word(String word, Object value) throws JsonProblem {
        if (!text.startsWith(word, at)) {
            throw problem("an unknown word");
        }
        at += word.length();
        return value;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char current() throws JsonProblem {
        if (at >= text.length()) {
            throw problem("the text ends too early");
        }
        return text.charAt(at);
    }

    private void expect(char c) throws JsonProblem {
        if (current() != c) {
            throw problem("'" + c + "' was expected");
        }
        at++;
    }

    private JsonProblem problem(String what) {
        return new JsonProblem("malformed JSON at character " + at + ": " + what);
    }
}
