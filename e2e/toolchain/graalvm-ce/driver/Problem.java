package dev.anneal.driver;

/** A command line that cannot be obeyed. */
final class Problem extends Exception {
    private static final long serialVersionUID = 1;

    Problem(String message) {
        super(message);
    }
}
