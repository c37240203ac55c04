package dev.anneal.pgo.profile;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Walks through a JSON text without keeping it; every shape that is not the expected one is a problem, never a crash. */
final class JsonReader {
    private static final int DEEPEST = 16;

    private final byte[] text;
    private int at;

    JsonReader(byte[] text) {
        this.text = text;
    }

    /** What is done with each member of an object. */
    interface Member {
        void read(String key) throws ProfileProblem;
    }

    /** What is done with each element of an array. */
    interface Element {
        void read() throws ProfileProblem;
    }

    void object(Member member) throws ProfileProblem {
        expect('{');
        if (next() == '}') {
            at++;
            return;
        }
        while (true) {
            String key = string();
            expect(':');
            member.read(key);
            if (next() == '}') {
                at++;
                return;
            }
            expect(',');
        }
    }

    void array(Element element) throws ProfileProblem {
        expect('[');
        if (next() == ']') {
            at++;
            return;
        }
        while (true) {
            element.read();
            if (next() == ']') {
                at++;
                return;
            }
            expect(',');
        }
    }

    /** Whole numbers only; what is larger than a long can hold is the largest long. */
    long number() throws ProfileProblem {
        boolean isNegative = next() == '-';
        if (isNegative) {
            at++;
        }
        int start = at;
        long value = 0;
        while (at < text.length && text[at] >= '0' && text[at] <= '9') {
            int digit = text[at++] - '0';
            value = value > (Long.MAX_VALUE - digit) / 10 ? Long.MAX_VALUE : value * 10 + digit;
        }
        if (at == start || at < text.length && (text[at] == '.' || text[at] == 'e' || text[at] == 'E')) {
            throw problem("a whole number is expected");
        }
        return isNegative ? -value : value;
    }

    int smallNumber() throws ProfileProblem {
        long value = number();
        if (value != (int) value) {
            throw problem("a number is too large");
        }
        return (int) value;
    }

    long[] numbers() throws ProfileProblem {
        long[][] values = {new long[6]};
        int[] size = {0};
        array(() -> {
            if (size[0] == values[0].length) {
                values[0] = Arrays.copyOf(values[0], 2 * size[0]);
            }
            values[0][size[0]++] = number();
        });
        return Arrays.copyOf(values[0], size[0]);
    }

    String string() throws ProfileProblem {
        expect('"');
        int start = at;
        while (at < text.length && text[at] != '"' && text[at] != '\\') {
            at++;
        }
        String plain = new String(text, start, at - start, StandardCharsets.UTF_8);
        if (at < text.length && text[at] == '"') {
            at++;
            return plain;
        }
        return plain + escaped();
    }

    private String escaped() throws ProfileProblem {
        StringBuilder rest = new StringBuilder();
        int start = at;
        while (at < text.length && text[at] != '"') {
            if (text[at] == '\\') {
                rest.append(new String(text, start, at - start, StandardCharsets.UTF_8));
                at++;
                rest.append(escape());
                start = at;
            } else {
                at++;
            }
        }
        if (at >= text.length) {
            throw problem("a string does not end");
        }
        rest.append(new String(text, start, at - start, StandardCharsets.UTF_8));
        at++;
        return rest.toString();
    }

    private char escape() throws ProfileProblem {
        int symbol = at < text.length ? text[at++] : -1;
        switch (symbol) {
            case '"', '\\', '/' -> {
                return (char) symbol;
            }
            case 'n' -> {
                return '\n';
            }
            case 't' -> {
                return '\t';
            }
            case 'r' -> {
                return '\r';
            }
            case 'b' -> {
                return '\b';
            }
            case 'f' -> {
                return '\f';
            }
            case 'u' -> {
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    int digit = at < text.length ? Character.digit(text[at++], 16) : -1;
                    if (digit < 0) {
                        throw problem("an escape is not one");
                    }
                    code = code << 4 | digit;
                }
                return (char) code;
            }
            default -> throw problem("an escape is not one");
        }
    }

    /** Whatever comes is passed over. */
    void skip() throws ProfileProblem {
        skip(0);
    }

    private void skip(int depth) throws ProfileProblem {
        if (depth > DEEPEST) {
            throw problem("the nesting is too deep");
        }
        switch (next()) {
            case '{' -> object(key -> skip(depth + 1));
            case '[' -> array(() -> skip(depth + 1));
            case '"' -> string();
            default -> {
                int start = at;
                while (at < text.length && (Character.isLetterOrDigit(text[at]) || "+-.".indexOf(text[at]) >= 0)) {
                    at++;
                }
                if (at == start) {
                    throw problem("a value is expected");
                }
            }
        }
    }

    void end() throws ProfileProblem {
        if (next() != -1) {
            throw problem("something follows the end");
        }
    }

    ProfileProblem problem(String what) {
        return new ProfileProblem(what + ", at byte " + at);
    }

    /** The next symbol that is no blank; -1 at the end. */
    private int next() {
        while (at < text.length && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) {
            at++;
        }
        return at < text.length ? text[at] : -1;
    }

    private void expect(char symbol) throws ProfileProblem {
        if (next() != symbol) {
            throw problem("'" + symbol + "' is expected");
        }
        at++;
    }
}
