package dev.anneal.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads an argument file as the JDK's launcher does: words between blanks, quotes, comments, backslashes inside quotes. */
final class ArgumentFile {
    private final String text;
    private final List<String> words = new ArrayList<>();
    private int at;

    private ArgumentFile(String text) {
        this.text = text;
    }

    static List<String> read(Path path) throws Problem {
        try {
            ArgumentFile file = new ArgumentFile(Files.readString(path));
            while (file.at < file.text.length()) {
                file.next();
            }
            return file.words;
        } catch (NoSuchFileException missing) {
            throw new Problem("The argument file '" + path + "' does not exist.");
        } catch (IOException unreadable) {
            throw new Problem("The argument file '" + path + "' cannot be read: " + unreadable.getMessage());
        }
    }

    private void next() {
        char symbol = text.charAt(at);
        if (Character.isWhitespace(symbol)) {
            at++;
        } else if (symbol == '#') {
            while (at < text.length() && text.charAt(at) != '\n') {
                at++;
            }
        } else {
            word();
        }
    }

    private void word() {
        StringBuilder word = new StringBuilder();
        while (at < text.length() && !Character.isWhitespace(text.charAt(at))) {
            char symbol = text.charAt(at++);
            if (symbol == '"' || symbol == '\'') {
                quoted(symbol, word);
            } else {
                word.append(symbol);
            }
        }
        words.add(word.toString());
    }

    private void quoted(char quote, StringBuilder word) {
        while (at < text.length() && text.charAt(at) != quote) {
            char symbol = text.charAt(at++);
            if (symbol == '\\' && at < text.length()) {
                escaped(word);
            } else {
                word.append(symbol);
            }
        }
        at++;
    }

    private void escaped(StringBuilder word) {
        char symbol = text.charAt(at++);
        switch (symbol) {
            case 'n' -> word.append('\n');
            case 'r' -> word.append('\r');
            case 't' -> word.append('\t');
            case 'f' -> word.append('\f');
            case '\n' -> {
                // A line that goes on: its indentation is not part of the word.
                while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
                    at++;
                }
            }
            default -> word.append(symbol);
        }
    }
}
