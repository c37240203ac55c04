package dev.anneal.samples.reflect;

/** An operation that is only ever reached by its name. */
public final class Rare {
    private Rare() {
    }

    /**
     * Reverses a text.
     *
     * @param text the text
     * @return the text from its end to its start
     */
    public static String apply(String text) {
        return new StringBuilder(text).reverse().toString();
    }
}
