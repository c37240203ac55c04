package dev.anneal.standin.builder;

/** A reason to refuse or to end a build; the message is the sentence for the log. */
final class BuildProblem extends Exception {
    private static final long serialVersionUID = 1L;

    BuildProblem(String message) {
        super(message);
    }

    BuildProblem(String message, Throwable cause) {
        super(message, cause);
    }
}
