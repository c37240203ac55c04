package dev.anneal.launcher;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Recognizes the errors by which a native executable says that an element was not registered when it was built.
 *
 * <p>The errors are matched by their simple names, because the launcher must not depend on the compiler's library.
 */
final class MissingRegistration {
    private static final Pattern NAME = Pattern.compile("Missing[A-Za-z]+RegistrationError");
    /** Messages name the element in single quotes or, in older versions, on an indented line of its own. */
    private static final Pattern QUOTED = Pattern.compile("'([^']{1,512})'");
    private static final Pattern INDENTED = Pattern.compile("(?m)^[ \\t]{2,}(\\S.{0,511})$");
    private static final int DEEPEST_CAUSE = 32;
    private static final String UNKNOWN = "unknown";

    private MissingRegistration() {
    }

    /** The element that is missing, or null if the failure has another reason. */
    static String in(Throwable problem) {
        Throwable cause = problem;
        for (int depth = 0; cause != null && depth < DEEPEST_CAUSE; depth++) {
            if (NAME.matcher(cause.getClass().getSimpleName()).matches()) {
                return element(cause.getMessage());
            }
            cause = cause.getCause();
        }
        return null;
    }

    private static String element(String message) {
        if (message == null) {
            return UNKNOWN;
        }
        for (Pattern pattern : new Pattern[] {QUOTED, INDENTED}) {
            Matcher element = pattern.matcher(message);
            if (element.find()) {
                return headerValue(element.group(1));
            }
        }
        return headerValue(message.lines().findFirst().orElse(UNKNOWN));
    }

    /** Header values carry printable ASCII only. */
    private static String headerValue(String text) {
        StringBuilder value = new StringBuilder();
        text.chars().limit(512).forEach(c -> value.append(c >= ' ' && c < 127 ? (char) c : '?'));
        return value.isEmpty() ? UNKNOWN : value.toString();
    }
}
