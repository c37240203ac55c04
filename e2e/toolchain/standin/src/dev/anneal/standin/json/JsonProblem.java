package dev.anneal.standin.json;

import java.io.IOException;

/** Text that is not JSON, or JSON of an unexpected form. */
public final class JsonProblem extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * A problem with its sentence.
     *
     * @param message what is wrong, and where
     */
    public JsonProblem(String message) {
        super(message);
    }
}
