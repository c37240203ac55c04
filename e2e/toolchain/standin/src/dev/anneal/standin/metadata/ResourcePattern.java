package dev.anneal.standin.metadata;

import java.util.regex.Pattern;

/** Matches resource paths, whether written as a glob or as a regular expression. */
final class ResourcePattern {
    private final Pattern pattern;

    private ResourcePattern(Pattern pattern) {
        this.pattern = pattern;
    }

    static ResourcePattern glob(String glob) {
        StringBuilder expression = new StringBuilder();
        int at = 0;
        while (at < glob.length()) {
            if (glob.startsWith("**", at)) {
                expression.append(".*");
                at += 2;
            } else if (glob.charAt(at) == '*') {
                expression.append("[^/]*");
                at++;
            } else {
                if (glob.charAt(at) == '\\' && at + 1 < glob.length()) {
                    at++;
                }
                expression.append(Pattern.quote(String.valueOf(glob.charAt(at))));
                at++;
            }
        }
        return new ResourcePattern(Pattern.compile(expression.toString()));
    }

    static ResourcePattern expression(String expression) {
        return new ResourcePattern(Pattern.compile(expression));
    }

    boolean matches(String path) {
        return pattern.matcher(path).matches();
    }
}
