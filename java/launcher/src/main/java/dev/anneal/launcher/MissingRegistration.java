package dev.anneal.launcher;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Recognizes the errors by which a native executable says that an element was not registered when it was built.
 *
 * <p>The errors are matched by their simple names, because the launcher must not depend on the compiler's library.
 */
final class MissingRegistration {
    private static final Pattern NAME = Pattern.compile("Missing[A-Za-z]+RegistrationError");
    /** What is left of the error that ended a class's initializer, when the class is used once more. */
    private static final Pattern INITIALIZER = Pattern.compile("^Exception (?:[\\w.$]*[.$])?" + NAME + ": ");
    /** Messages name the element in single quotes or, in older versions, on an indented line of its own. */
    private static final Pattern QUOTED = Pattern.compile("'([^']{1,512})'");
    private static final Pattern INDENTED = Pattern.compile("(?m)^[ \\t]{2,}(\\S.{0,511})$");
    /** So many causes and suppressed failures of one failure are looked at. */
    private static final int MAX_FAILURES = 64;
    private static final String UNKNOWN = "unknown";

    private MissingRegistration() {
    }

    /** The element that is missing, or null if the failure has another reason. Causes come before what was suppressed. */
    static String in(Throwable problem) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Throwable> suppressed = new ArrayDeque<>();
        Throwable failure = problem;
        while (failure != null && seen.size() < MAX_FAILURES) {
            if (seen.add(failure)) {
                String missing = named(failure);
                if (missing != null) {
                    return missing;
                }
                Collections.addAll(suppressed, failure.getSuppressed());
                failure = failure.getCause();
            } else {
                failure = null;
            }
            if (failure == null) {
                failure = suppressed.poll();
            }
        }
        return null;
    }

    private static String named(Throwable failure) {
        if (NAME.matcher(failure.getClass().getSimpleName()).matches()) {
            return element(failure.getMessage());
        }
        if (failure instanceof ExceptionInInitializerError && failure.getMessage() != null) {
            Matcher initializer = INITIALIZER.matcher(failure.getMessage());
            return initializer.find() ? element(failure.getMessage().substring(initializer.end())) : null;
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
