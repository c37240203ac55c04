package dev.anneal.launcher;

/** A request body that is not the JSON that was expected; the message is a sentence for the caller. */
public final class JsonException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * An exception that says what is wrong.
     *
     * @param message the sentence
     */
    public JsonException(String message) {
        super(message, null, false, false);
    }
}
