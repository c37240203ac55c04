package dev.anneal.launcher;

/**
 * One deployed function, as the generated entry class presents it.
 *
 * <p>The type of the argument and of the result is fixed by the {@link Contract} that the entry class names.
 */
public interface Handler {
    /**
     * Calls the function once.
     *
     * @param in the decoded request body
     * @return the value to encode as the response body; {@code null} means no content
     * @throws Throwable whatever the function throws
     */
    Object call(Object in) throws Throwable;
}
