package dev.anneal.standin.builder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Splits argument text at white space; quotes keep it, a backslash inside quotes escapes, {@code #} begins a comment. */
final class ArgumentFile {
    private ArgumentFile() {
    }

    static List<String> read(Path file) throws BuildProblem {
        try {
            return split(Files.readString(file));
        } catch (IOException unreadable) {
            throw new BuildProblem("Error: The argument file " + file + " cannot be read", unreadable);
        }
    }

    static List<String> split(String text) {
        List<String> arguments = new ArrayList<>();
        StringBuilder current = null;
        char quote = 0;
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    boolean escape = c == '\\' && at + 1 < text.length();
                    current.append(escape ? text.charAt(++at) : c);
                }
            } else if (Character.isWhitespace(c)) {
                current = finish(arguments, current);
            } else if (c == '#' && current == null) {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else {
                current = current == null ? new StringBuilder() : current;
                if (c == '"' || c == '\'') {
                    quote = c;
                } else {
                    current.append(c);
                }
            }
        }
        finish(arguments, current);
        return arguments;
    }

    private static StringBuilder finish(List<String> arguments, StringBuilder current) {
        if (current != null) {
            arguments.add(current.toString());
        }
        return null;
    }
}
